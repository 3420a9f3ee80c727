"""People who sign in."""

from __future__ import annotations

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.clock import now_us
from backend.db import for_writing
from backend.models import User


def email_problem(email: str) -> str | None:
    """Return why an address cannot be a login, or None. Whether it exists is not looked up."""
    name, at, host = email.rpartition("@")
    plain = email.isprintable() and not any(char.isspace() for char in email)
    if not (at and name and host and plain and len(email) <= 320):
        return f"{email!r} is not an e-mail address"
    return None


def create_user(engine: Engine, *, email: str, password_hash: str) -> User | None:
    """Store a new user; return None where the address has one already."""
    row = User(
        email=email.lower(),
        password_hash=password_hash,
        timezone="UTC",
        session_version=1,
        created_us=now_us(),
    )
    try:
        with Session(for_writing(engine), expire_on_commit=False) as session, session.begin():
            session.add(row)
    except IntegrityError:
        return None
    return row


def user_by_email(engine: Engine, email: str) -> User | None:
    """Return the user with that address, in any case of letters."""
    with Session(engine) as session:
        return session.scalar(select(User).where(User.email == email.lower()))


def user_by_id(engine: Engine, user_id: int) -> User | None:
    """Return the user, or None for one who is gone."""
    with Session(engine) as session:
        return session.get(User, user_id)


def only_user(engine: Engine) -> User | None:
    """Return the user where there is exactly one."""
    with Session(engine) as session:
        if session.scalar(select(func.count()).select_from(User)) != 1:
            return None
        return session.scalar(select(User))
