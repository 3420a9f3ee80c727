"""Passwords: Argon2id, and the rules for a new one."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

#: A shorter one is taken with a warning.
ADVISED_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 1024


class Passwords:
    """Hashes and checks passwords with OWASP's Argon2id parameters (19 MiB, two passes).

    At most two at a time, so that a flood of logins cannot take the machine's memory.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)
        self._turns = threading.BoundedSemaphore(2)
        self._nobody = self.hash("the password of a user who does not exist")

    def hash(self, password: str) -> str:
        """Return the hash to store, with its salt and parameters."""
        with self._turns:
            return self._hasher.hash(password)

    def matches(self, password: str, stored: str | None) -> bool:
        """Return whether `password` made `stored`; None (no such user) takes just as long."""
        if len(password) > MAX_PASSWORD_LENGTH:
            return False
        with self._turns:
            try:
                self._hasher.verify(stored or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None


def password_problem(password: str) -> str | None:
    """Return why a new password cannot be taken, or None."""
    if not password:
        return "the password is empty"
    if len(password) > MAX_PASSWORD_LENGTH:
        return f"the password must have at most {MAX_PASSWORD_LENGTH} characters"
    return None
