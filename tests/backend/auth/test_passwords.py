"""Passwords are kept as Argon2id."""

from __future__ import annotations

from backend.auth.passwords import Passwords, password_problem


def test_a_password_matches_its_own_hash_only():
    passwords = Passwords()
    stored = passwords.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert passwords.hash("correct horse") != stored
    assert passwords.matches("correct horse", stored)
    assert not passwords.matches("Correct horse", stored)


def test_nobody_and_a_broken_hash_match_nothing():
    passwords = Passwords()
    assert not passwords.matches("the password of a user who does not exist", None)
    assert not passwords.matches("x", "!")


def test_a_new_password_is_neither_empty_nor_endless():
    assert password_problem("")
    assert password_problem("x" * 1025)
    assert password_problem("x") is None
