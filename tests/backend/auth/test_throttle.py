"""The login throttle counts failures, forgets them with time, and stays small."""

from __future__ import annotations

from backend.auth.throttle import FailureThrottle


class Clock:
    """A clock that a test moves."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_key_is_blocked_after_its_failures_until_the_window_ends():
    clock = Clock()
    throttle = FailureThrottle(max_failures=3, window_s=60, clock=clock)
    for _ in range(3):
        assert throttle.blocked_for_s("a") == 0
        throttle.failed("a")
    assert throttle.blocked_for_s("a") == 60
    assert throttle.blocked_for_s("b") == 0
    clock.now_s = 60
    assert throttle.blocked_for_s("a") == 0
    throttle.failed("a")
    assert throttle.blocked_for_s("a") == 0


def test_a_success_forgets_the_failures():
    throttle = FailureThrottle(max_failures=2)
    throttle.failed("a")
    throttle.succeeded("a")
    throttle.failed("a")
    assert throttle.blocked_for_s("a") == 0


def test_made_up_names_push_out_the_oldest():
    throttle = FailureThrottle(max_failures=1, max_keys=2)
    for name in ("a", "b", "c"):
        throttle.failed(name)
    assert [throttle.blocked_for_s(name) > 0 for name in ("a", "b", "c")] == [False, True, True]
