"""Cursors as text."""

from __future__ import annotations

import base64
import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.store import Cursor


@given(st.integers(0, 2**63 - 1), st.uuids())
def test_a_cursor_comes_back_from_its_text(time_us: int, uid: object) -> None:
    cursor = Cursor("event", time_us, str(uid).replace("-", ""))
    text = cursor.encode()
    assert Cursor.decode(text, kind="event") == cursor
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)


@given(st.uuids())
def test_a_cursor_of_runs_comes_back_as_it_was(run_id: UUID) -> None:
    cursor = Cursor("run", 1, str(run_id))
    assert Cursor.decode(cursor.encode(), kind="run") == cursor


@given(st.text(max_size=36))
def test_a_cursor_of_runs_holds_a_run_s_id(text: str) -> None:
    with pytest.raises(ValueError, match="unreadable"):
        Cursor.decode(Cursor("run", 1, text).encode(), kind="run")


def test_a_cursor_of_runs_is_none_of_events() -> None:
    text = Cursor("run", 1, uuid4().hex).encode()
    with pytest.raises(ValueError, match="unreadable"):
        Cursor.decode(text, kind="event")


def _encoded(plain: bytes) -> str:
    return base64.urlsafe_b64encode(plain).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "%%%",
        "ä",
        _encoded(b"e1"),
        _encoded(b"e-1:" + b"a" * 32),
        _encoded("e²:".encode() + b"a" * 32),
        _encoded(b"e9223372036854775808:" + b"a" * 32),
        _encoded(b"e" + b"9" * 5000 + b":" + b"a" * 32),
        _encoded(b"e1:" + b"g" * 32),
        _encoded(b"e1:abc"),
        _encoded(b"\xff\xfe"),
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unreadable"):
        Cursor.decode(text, kind="event")


@given(st.text(max_size=60))
def test_text_never_raises_anything_else(text: str) -> None:
    try:
        cursor = Cursor.decode(text, kind="run")
    except ValueError:
        return
    assert cursor.kind == "run"
