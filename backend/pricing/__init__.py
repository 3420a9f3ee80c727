"""Prices: the public list, the owner's own, and which of them fixes an event's cost."""
