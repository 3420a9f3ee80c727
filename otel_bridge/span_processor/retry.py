"""What to do after a request that was not accepted: a pure decision."""

from __future__ import annotations

from dataclasses import dataclass

from otel_bridge.span_processor.losses import Reason


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The limits of retrying one batch.

    The wait doubles from `first_s` up to `max_s`, shortened by up to half at random, so that many
    processes do not return at once. A `Retry-After` of the server replaces it, up to
    `retry_after_max_s`. After `attempts` requests (about two minutes) the batch is given up.
    """

    attempts: int = 10
    first_s: float = 1.0
    max_s: float = 30.0
    retry_after_max_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Retry:
    """Send the same again after `after_s` seconds."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Split:
    """Send it again in two halves; what cannot be halved is too large."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Count it as lost for `reason`."""

    reason: Reason


Decision = Retry | Split | GiveUp

#: Answers that say "not now": timeouts, throttling and everything from 500 on.
_TRANSIENT = frozenset({408, 425, 429})


def decide(
    status: int | None,
    retry_after_s: float | None,
    *,
    attempt: int,
    jitter: float,
    policy: RetryPolicy,
) -> Decision:
    """Return what to do after an answer that is not 2xx.

    `status` is None where no answer came (refused, reset, timed out); `attempt` counts requests
    from 1; `jitter` is a random number from 0 to 1.
    """
    if status is not None and status < 500 and status not in _TRANSIENT:
        return _final(status)
    if attempt >= policy.attempts:
        return GiveUp("retries_exhausted")
    if retry_after_s is not None:
        return Retry(min(max(retry_after_s, 0.0), policy.retry_after_max_s))
    # The exponent is bounded so that a long policy cannot overflow a float.
    wait_s = min(policy.first_s * 2.0 ** min(attempt - 1, 30), policy.max_s)
    return Retry(wait_s * (1 - jitter / 2))


def _final(status: int) -> Decision:
    if status == 413:
        return Split()
    return GiveUp("unauthorized" if status in (401, 403) else "rejected")
