"""The conventions in use, and what a span says by them."""

from otel_bridge.conventions.plan import may_be_known
from otel_bridge.conventions.reader import facts_of
from otel_bridge.conventions.registry import CONVENTIONS, DIALECTS

__all__ = ["CONVENTIONS", "DIALECTS", "facts_of", "may_be_known"]
