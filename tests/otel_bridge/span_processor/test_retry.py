from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.span_processor.retry import GiveUp, Retry, RetryPolicy, Split, decide

POLICY = RetryPolicy(attempts=5, first_s=1.0, max_s=6.0, retry_after_max_s=100.0)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_the_server_does_not_take_is_not_tried_again(status: int):
    decision = decide(status, None, attempt=1, jitter=0, policy=POLICY)
    assert decision == GiveUp("unauthorized")


@pytest.mark.parametrize("status", [301, 400, 404, 405, 415, 422])
def test_a_request_that_the_server_refuses_is_not_tried_again(status: int):
    assert decide(status, None, attempt=1, jitter=0, policy=POLICY) == GiveUp("rejected")


def test_a_body_that_is_too_large_is_split():
    assert decide(413, None, attempt=1, jitter=0, policy=POLICY) == Split()


@pytest.mark.parametrize("status", [None, 408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_after_a_wait_that_doubles_up_to_its_limit(
    status: int | None,
):
    waits = [decide(status, None, attempt=n, jitter=0, policy=POLICY) for n in range(1, 5)]
    assert waits == [Retry(1.0), Retry(2.0), Retry(4.0), Retry(6.0)]


@pytest.mark.parametrize("status", [None, 429, 503])
def test_after_the_last_attempt_it_is_given_up(status: int | None):
    decision = decide(status, 1.0, attempt=5, jitter=0, policy=POLICY)
    assert decision == GiveUp("retries_exhausted")


def test_chance_shortens_the_wait_by_up_to_half():
    assert decide(503, None, attempt=1, jitter=1, policy=POLICY) == Retry(0.5)


@pytest.mark.parametrize(("said", "waited"), [(7.0, 7.0), (0.0, 0.0), (3600.0, 100.0)])
def test_the_server_says_how_long_to_wait_within_limits(said: float, waited: float):
    assert decide(429, said, attempt=1, jitter=0.5, policy=POLICY) == Retry(waited)


@given(
    status=st.none() | st.integers(100, 599).filter(lambda status: not 200 <= status < 300),
    retry_after_s=st.none() | st.floats(0, 1e9),
    attempt=st.integers(1, 10_000),
    jitter=st.floats(0, 1),
)
def test_every_wait_is_bounded_and_every_batch_is_settled_some_day(
    status: int | None, retry_after_s: float | None, attempt: int, jitter: float
):
    policy = RetryPolicy(attempts=9999)
    decision = decide(status, retry_after_s, attempt=attempt, jitter=jitter, policy=policy)
    if isinstance(decision, Retry):
        assert attempt < policy.attempts
        assert 0 <= decision.after_s <= max(policy.max_s, policy.retry_after_max_s)
