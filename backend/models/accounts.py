"""Owners, their agents and their API keys."""

from __future__ import annotations

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, OwnerId, RowId, Wide


class User(Base):
    """An owner: a person who signs in, and the workspace that everything belongs to."""

    __tablename__ = "users"

    id: Mapped[RowId]
    #: Lower case, so that one address has one account.
    email: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    #: IANA name; the days of metrics and alerts are cut in it.
    timezone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    #: None: the server's setting; 0: keep all.
    retention_days: Mapped[int | None]
    #: From this quarter-hour on every raw event is there; None: none was ever deleted.
    raw_since_us: Mapped[Wide | None]
    #: Raised to end every session that exists.
    session_version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_us: Mapped[Wide]


class Agent(Base):
    """An agent of one owner, found by its name."""

    __tablename__ = "agents"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[RowId]
    user_id: Mapped[OwnerId]
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(String(2000), default="")
    #: Registered from an event that named it, not by a person. Such an agent without
    #: `last_seen_us` has lost its events to another one and is not worth showing.
    is_derived: Mapped[bool] = mapped_column(default=False)
    created_us: Mapped[Wide]
    #: Time of its newest event, and of its newest `heartbeat`.
    last_seen_us: Mapped[Wide | None]
    last_heartbeat_us: Mapped[Wide | None]


class ApiKey(Base):
    """A key of one owner. Only its SHA-256 is kept; the prefix is for people to recognize it."""

    __tablename__ = "obs_api_keys"
    __table_args__ = (Index(None, "user_id", "created_us"),)

    id: Mapped[RowId]
    user_id: Mapped[OwnerId]
    name: Mapped[str] = mapped_column(String(255))
    key_prefix: Mapped[str] = mapped_column(String(12))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    #: Words of `ingest` and `read`, with a space between them.
    scopes: Mapped[str] = mapped_column(String(64), default="ingest", server_default="ingest")
    is_active: Mapped[bool] = mapped_column(default=True)
    created_us: Mapped[Wide]
    expires_us: Mapped[Wide | None]
    revoked_us: Mapped[Wide | None]
    last_used_us: Mapped[Wide | None]
