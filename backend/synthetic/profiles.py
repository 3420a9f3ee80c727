"""The agents of a synthetic history: what they call, how often, and when in the day."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """A model that an agent calls. Tokens are medians; what comes out takes time."""

    provider: str
    name: str
    tokens_in: int
    tokens_out: int
    #: Of the calls, how many read part of their input from the cache, and how much of it.
    cached_calls: float = 0.0
    reasoning_share: float = 0.0
    first_token_ms: int = 400
    tokens_per_s: int = 80


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When in a UTC day an agent works, as shares of its busiest hour."""

    peak_hour: float
    #: Of the busiest hour: what is left at the quietest one, and at the weekend.
    night: float
    weekend: float

    def intensity(self, hour: float, weekday: int) -> float:
        """Return the share of the busiest hour, from 0 to 1, at an hour of a day (0: Monday)."""
        wave = (1 + math.cos((hour - self.peak_hour) / 24 * 2 * math.pi)) / 2
        share = self.night + (1 - self.night) * wave**2
        return share * (self.weekend if weekday >= _SATURDAY else 1.0)


OFFICE = Rhythm(peak_hour=14, night=0.04, weekend=0.2)
EVENING = Rhythm(peak_hour=19, night=0.15, weekend=1.0)
NIGHTLY = Rhythm(peak_hour=2.5, night=0.0, weekend=1.0)
STEADY = Rhythm(peak_hour=12, night=0.85, weekend=0.95)


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """An agent: its rhythm, its models by weight, its tools, and how often things fail."""

    name: str
    runs_per_busy_hour: float
    rhythm: Rhythm
    models: tuple[tuple[ModelProfile, float], ...]
    tools: tuple[str, ...] = ()
    #: How often the model asks for tools before it answers, on average.
    rounds: float = 1.5
    call_error_rate: float = 0.05
    tool_error_rate: float = 0.11
    #: Hours before the end of the history at which the agent fell silent; 0: it did not.
    silent_hours: float = 0.0

    @property
    def events_per_run(self) -> float:
        """How many events a run has on average: its start, its end, calls and tools in turn."""
        goes_on = self.rounds / (1 + self.rounds) * (1 - self.call_error_rate)
        calls = 1 / (1 - goes_on) if self.tools else 1.0
        return 1 + 2 * calls


_GPT_4O = ModelProfile("openai", "gpt-4o-2024-08-06", 2400, 320, cached_calls=0.55)
_GPT_4O_MINI = ModelProfile("openai", "gpt-4o-mini-2024-07-18", 1100, 180, cached_calls=0.3)
_O4_MINI = ModelProfile(
    "openai", "o4-mini-2025-04-16", 3800, 1500, reasoning_share=0.6, first_token_ms=2500
)
_SONNET = ModelProfile(
    "anthropic", "claude-sonnet-4-20250514", 6200, 700, cached_calls=0.8, tokens_per_s=60
)
_HAIKU = ModelProfile("anthropic", "claude-3-5-haiku-20241022", 1500, 220, cached_calls=0.4)
_FLASH = ModelProfile("google", "gemini-2.5-flash", 900, 260, tokens_per_s=150)
_OWN = ModelProfile("in-house", "house-llm-1", 1800, 240, first_token_ms=150)

PROFILES: tuple[AgentProfile, ...] = (
    AgentProfile(
        "support-agent",
        220,
        EVENING,
        ((_GPT_4O_MINI, 8), (_GPT_4O, 2)),
        ("search_orders", "search_help_center", "issue_refund"),
    ),
    AgentProfile(
        "coding-agent",
        60,
        OFFICE,
        ((_SONNET, 7), (_O4_MINI, 3)),
        ("read_file", "run_tests", "edit_file", "search_code"),
        rounds=6.0,
        tool_error_rate=0.16,
    ),
    AgentProfile(
        "research-agent",
        35,
        OFFICE,
        ((_O4_MINI, 5), (_SONNET, 3), (_FLASH, 2)),
        ("web_search", "fetch_page"),
        rounds=4.0,
        tool_error_rate=0.14,
    ),
    AgentProfile("triage-agent", 400, STEADY, ((_HAIKU, 6), (_FLASH, 4)), rounds=0.0),
    AgentProfile(
        "nightly-report",
        90,
        NIGHTLY,
        ((_GPT_4O, 6), (_OWN, 4)),
        ("query_warehouse", "send_mail"),
        rounds=2.0,
    ),
    AgentProfile("legacy-importer", 25, STEADY, ((_GPT_4O_MINI, 1),), silent_hours=3.0),
)


def profiles(count: int) -> tuple[AgentProfile, ...]:
    """Return so many agents: the six above, then the same again as `support-agent-2` and so on."""
    rounds = (divmod(number, len(PROFILES)) for number in range(count))
    return tuple(
        replace(PROFILES[at], name=f"{PROFILES[at].name}-{turn + 1}") if turn else PROFILES[at]
        for turn, at in rounds
    )
