"""One question at a time, longer waits after refusals, and a deadline: by a clock of the test."""

from __future__ import annotations

import threading
import time

import pytest

from marketsim.errors import InputError
from marketsim.sources.limiter import Limiter, Patience, within

PATIENCE = Patience(spacing=1.0, wait=4.0, longest=60.0)


class Clock:
    """Time that passes only where one sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def limiter(clock: Clock, chance: float = 1.0) -> Limiter:
    return Limiter(clock, clock.sleep, lambda: chance)


def test_questions_are_apart() -> None:
    clock = Clock()
    line, asked = limiter(clock), []
    for _ in range(4):
        line.turn(0.5)
        asked.append(clock.now)
    assert asked == [0.0, 0.5, 1.0, 1.5]
    clock.now = 10.0  # time that passed otherwise counts
    line.turn(0.5)
    assert clock.now == 10.0


def test_waits_double_up_to_a_bound_and_differ_by_chance() -> None:
    assert [PATIENCE.backoff(n, 1.0) for n in range(1, 7)] == [4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert [PATIENCE.backoff(n, 0.0) for n in range(1, 4)] == [2.0, 4.0, 8.0]


def test_a_refusal_holds_everybody_back() -> None:
    clock = Clock()
    line = limiter(clock)
    line.turn(1.0)
    line.refused(PATIENCE, 3)
    line.turn(1.0)
    assert clock.now == 16.0
    line.hold(0.1)  # a shorter hold takes nothing back
    line.turn(1.0)
    assert clock.now == 17.0


def test_a_refusal_that_comes_while_one_waits_counts() -> None:
    clock = Clock()
    line = limiter(clock)

    def sleep(seconds: float) -> None:
        clock.now += seconds
        if clock.now == 2.0:
            line.hold(5.0)

    line.sleep = sleep
    line.turn(2.0)
    line.turn(2.0)
    assert clock.now == 7.0


def test_threads_share_one_limiter() -> None:
    line, asked = Limiter(), []

    def ask() -> None:
        line.turn(0.01)
        asked.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 6
    assert max(asked) - min(asked) >= 0.045


def test_an_answer_in_time_is_handed_over_and_so_is_a_failure() -> None:
    assert within(5.0, lambda: "answer") == "answer"
    with pytest.raises(ZeroDivisionError):
        within(5.0, lambda: 1 // 0)


def test_a_late_answer_is_none() -> None:
    late = threading.Event()
    with pytest.raises(TimeoutError, match=r"no answer within 0\.02 s"):
        within(0.02, lambda: late.wait(5.0))
    late.set()


@pytest.mark.parametrize(
    "wrong", [{"tries": 0}, {"spacing": -1.0}, {"deadline": float("nan")}, {"wait": -0.1}]
)
def test_what_is_no_patience_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(wrong))}="):
        Patience(**wrong)  # type: ignore[arg-type]
