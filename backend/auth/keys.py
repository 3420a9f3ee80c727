"""API keys: made, recognized, revoked. Only the SHA-256 of a key is stored."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Engine, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend.clock import now_us
from backend.db import for_writing
from backend.models import ApiKey

SCOPES = ("ingest", "read")
PREFIX_LENGTH = 12

_KEY = re.compile(r"obsk_[0-9a-f]{48}", re.ASCII)
_USED_STEP_US = 60 * 1_000_000
_MAX_CACHED = 10_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whom a key speaks for, and what it may do."""

    key_id: int
    owner_id: int
    scopes: frozenset[str]


def create_key(
    engine: Engine, owner_id: int, *, name: str, scopes: Iterable[str]
) -> tuple[str, ApiKey]:
    """Store a new key; return it, which nobody can do again, and its row."""
    secret = f"obsk_{secrets.token_hex(24)}"
    wanted = set(scopes)
    row = ApiKey(
        user_id=owner_id,
        name=name,
        key_prefix=secret[:PREFIX_LENGTH],
        key_hash=_digest(secret),
        scopes=" ".join(scope for scope in SCOPES if scope in wanted),
        is_active=True,
        created_us=now_us(),
    )
    with Session(for_writing(engine), expire_on_commit=False) as session, session.begin():
        session.add(row)
    return secret, row


def keys_of(engine: Engine, owner_id: int) -> list[ApiKey]:
    """Return the owner's keys, newest first."""
    newest = (ApiKey.created_us.desc(), ApiKey.id.desc())
    with Session(engine) as session:
        found = select(ApiKey).where(ApiKey.user_id == owner_id).order_by(*newest)
        return list(session.scalars(found))


def revoke_key(engine: Engine, owner_id: int, *, key_id: int) -> bool:
    """End a key; return False where the owner has none of that id. Again is no error."""
    with Session(for_writing(engine)) as session, session.begin():
        row = session.get(ApiKey, key_id)
        if row is None or row.user_id != owner_id:
            return False
        row.is_active = False
        row.revoked_us = row.revoked_us or now_us()
    return True


class KeyRing:
    """Recognizes keys, and remembers each for `max_age_s`.

    So a revoked key stops within that time on every replica, and a busy one costs no query per
    request.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        max_age_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._max_age_s = max_age_s
        self._clock = clock
        self._cached: dict[str, tuple[float, KeyHolder]] = {}
        self._lock = threading.Lock()
        self._tried_us: dict[int, int] = {}

    def holder(self, secret: str) -> KeyHolder | None:
        """Return whom the key speaks for; None for an unknown, revoked or expired one."""
        if _KEY.fullmatch(secret) is None:
            return None
        digest = _digest(secret)
        known = self._cached.get(digest)
        if known is not None and known[0] > self._clock():
            return known[1]
        holder = self._look_up(digest)
        self._remember(digest, holder)
        return holder

    def forget(self) -> None:
        """Look every key up again: after one was revoked here."""
        with self._lock:
            self._cached.clear()

    def _remember(self, digest: str, holder: KeyHolder | None) -> None:
        with self._lock:
            if len(self._cached) >= _MAX_CACHED:
                self._cached.clear()
            self._cached.pop(digest, None)
            if holder is not None:
                self._cached[digest] = (self._clock() + self._max_age_s, holder)

    def _look_up(self, digest: str) -> KeyHolder | None:
        with Session(self._engine) as session:
            row = session.scalar(select(ApiKey).where(ApiKey.key_hash == digest))
        if row is None or not row.is_active:
            return None
        if row.expires_us is not None and row.expires_us <= now_us():
            return None
        self._note_use(row)
        return KeyHolder(row.id, row.user_id, frozenset(row.scopes.split()))

    def _note_use(self, row: ApiKey) -> None:
        """Write when the key was used, once a minute; a busy database may miss one."""
        now = now_us()
        before = now - _USED_STEP_US
        if max(row.last_used_us or 0, self._tried_us.get(row.id, 0)) > before:
            return
        # A busy database makes one request a minute wait, and not every one.
        self._tried_us[row.id] = now
        stale = or_(ApiKey.last_used_us.is_(None), ApiKey.last_used_us <= before)
        try:
            with for_writing(self._engine).begin() as connection:
                connection.execute(
                    update(ApiKey).where(ApiKey.id == row.id, stale).values(last_used_us=now)
                )
        except OperationalError as error:
            _log.info("the last use of key %s was not written: %s", row.id, error)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
