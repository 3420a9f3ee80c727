"""What an explanation says of one span, as phrases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from backend.explain.nouns import Became, Reading, SpanName, SpanNode, Tokens
from backend.explain.words import REASONS, WARNINGS, with_words

_MAX_NAME_CHARS = 60
_KEPT_SHOWN = 2
_RUN_CHARS = 8
_CALL_TYPES = ("llm_call", "tool_call")


def heading_of(node: SpanNode) -> str:
    """Return the line that names a span."""
    status = "" if node.status == "unset" else node.status
    parts = [short(node.span.name), duration(node.duration_us), status, f"span {node.span.span_id}"]
    if node.lost_parent:
        parts.append("its parent is missing")
    if node.silence is not None:
        parts.append(node.silence)
    return _joined(parts)


def details_of(node: SpanNode) -> Iterator[str]:
    """Yield the lines below it: what it became and why; none for a span without an event."""
    became = node.became
    if became is None:
        return
    yield _joined([_decision(became), _agent(became), _run(became)])
    if became.set_aside_reason is not None:
        yield f"{with_words(became.set_aside_reason, REASONS)}{_kept(became.kept)}"
    numbers = [_model(became), tokens_of(became.tokens), _cost(became)]
    if any(numbers):
        yield _joined(numbers)
    yield _joined([f"scope {node.scope}" if node.scope else "", _read_by(became.reading)])
    for code in became.warnings:
        yield f"warning {with_words(code, WARNINGS)}"


def _decision(became: Became) -> str:
    """Return the types of the events, and whether they count where that is a question."""
    what = " and ".join(became.event_types)
    if became.tool is not None:
        what = f"{what} of {short(became.tool)}"
    if became.set_aside_reason is not None:
        return f"{what}: does not count"
    return f"{what}: counts" if _may_count(became) else what


def _may_count(became: Became) -> bool:
    """Whether it is a call, or tells what a call would: most agents and steps tell nothing."""
    tokens = became.tokens
    tells_usage = bool(tokens.tokens_in or tokens.tokens_out or became.cost.usd)
    return tells_usage or became.event_types[-1] in _CALL_TYPES


def _kept(kept: Sequence[SpanName]) -> str:
    """Return which spans count instead: the first of many."""
    if not kept:
        return ""
    shown = ", ".join(f"{short(one.name)} (span {one.span_id})" for one in kept[:_KEPT_SHOWN])
    more = len(kept) - _KEPT_SHOWN
    return f"; instead: {shown}{f' and {more} more' if more > 0 else ''}"


def _model(became: Became) -> str:
    return " ".join(short(name) for name in (became.provider, became.model) if name)


def tokens_of(tokens: Tokens) -> str:
    """Return the tokens with their parts, "" where none are known."""
    inside = _parts((tokens.tokens_cache_read, "cached"), (tokens.tokens_cache_write, "written"))
    outside = _parts((tokens.tokens_reasoning, "reasoning"))
    told = [
        f"{count} {name}{parts}"
        for count, name, parts in (
            (tokens.tokens_in, "in", inside),
            (tokens.tokens_out, "out", outside),
        )
        if count is not None
    ]
    return ", ".join(told)


def _parts(*parts: tuple[int | None, str]) -> str:
    told = ", ".join(f"{count} {name}" for count, name in parts if count)
    return f" ({told})" if told else ""


def _cost(became: Became) -> str:
    """Return the cost and where it comes from; of a call without one, that it has none."""
    cost = became.cost
    if cost.usd is not None:
        source = " ".join(part for part in (cost.source, cost.price_version) if part)
        return f"{dollars(cost.usd)} ({source})"
    has_tokens = bool(became.tokens.tokens_in or became.tokens.tokens_out)
    is_worth_one = became.event_types[-1] == "llm_call" and became.status != "error"
    return "cost unknown" if has_tokens or is_worth_one else ""


def dollars(usd: Decimal) -> str:
    """Return an amount with at least two decimals and no needless ones: 0.00012 USD."""
    whole, _, decimals = format(usd, "f").partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')} USD"


def _agent(became: Became) -> str:
    return f"agent {short(became.agent)}" if became.agent else "no agent"


def _run(became: Became) -> str:
    """Return the run: its whole id where it begins, elsewhere enough of it to tell runs apart."""
    if became.run_id is None:
        return "no run"
    is_run = became.event_types[-1].startswith("run_")
    return f"run {became.run_id if is_run else became.run_id[:_RUN_CHARS]}"


def _read_by(reading: Reading) -> str:
    """Return the conventions: `read by genai (model by pydantic_ai, usage basis spec)`."""
    others = [f"{fact} by {name}" for fact, name in sorted(reading.decided_by.items())]
    basis = [f"usage basis {reading.usage_basis}"] if reading.usage_basis else []
    more = f" ({', '.join(others + basis)})" if others or basis else ""
    return f"read by {reading.convention or 'no convention'}{more}"


def duration(duration_us: int) -> str:
    """Return a duration in seconds, or in milliseconds below one: 1.204 s, 12.3 ms."""
    if duration_us >= 1_000_000:
        return f"{duration_us / 1_000_000:.3f} s"
    return f"{duration_us / 1000:.1f} ms"


def short(name: str, chars: int = _MAX_NAME_CHARS) -> str:
    """Return a name on one line, cut where it is longer than `chars`."""
    text = " ".join(name.split())
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return text if len(text) <= chars else f"{text[: chars - 1]}…"


def _joined(parts: Sequence[str]) -> str:
    return " · ".join(part for part in parts if part)
