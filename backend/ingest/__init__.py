"""Events and spans come in here."""
