"""`otel-bridge explain`, as a person or a script runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backend.cli import cli
from tests.e2e.server import run_command
from tests.truth.captures import FOLDER, Capture

NAME = "vercel-ai-sdk-v6"
FILE = FOLDER / f"{NAME}.pb"
JSON_FILE = FOLDER / f"{NAME}.otlp.json"


def explain(*arguments: str, stdin: bytes = b"") -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["explain", *arguments], input=stdin)


def test_it_needs_no_database_and_leaves_none(tmp_path: Path) -> None:
    done = run_command(
        "explain", str(FILE), database_url="postgresql://127.0.0.1:1/no", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("trace ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("body", [FILE.read_bytes(), JSON_FILE.read_bytes()], ids=["pb", "json"])
def test_standard_input_is_protobuf_or_json(body: bytes) -> None:
    done = explain("-", stdin=body)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("trace ")


def test_several_files_are_one_workspace() -> None:
    one, both = explain(str(FILE)), explain(str(FILE), str(FOLDER / "traceloop-gemini.pb"))
    assert both.output.count("trace ") > one.output.count("trace ")
    assert both.output.count("totals") == 1


def test_json_is_one_object_with_the_same_totals() -> None:
    done = explain(str(FILE), "--json")
    totals = json.loads(done.output)["totals"]
    assert totals["tokens_in"] in Capture.named(NAME).truth.tokens_in
    assert f"tokens    {totals['tokens_in']} in" in explain(str(FILE)).output


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b'{"resourceSpans": 1}', b"{"])
def test_what_is_no_export_is_one_clear_line(content: bytes) -> None:
    done = explain("-", stdin=content)
    assert done.exit_code == 1
    assert len(done.output.splitlines()) == 1
    assert done.output.startswith("Error: standard input ")
