"""What the library raises: only from set-up calls, never into a running agent."""

from __future__ import annotations


class OtelBridgeError(Exception):
    """The base of all errors of this library."""


class ConfigurationError(OtelBridgeError):
    """A setting is missing or unreadable; the message says which, and how to mend it."""
