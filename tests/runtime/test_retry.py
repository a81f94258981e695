from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.runtime.retry import Backoff, with_retries


class Passing(Exception):
    pass


def flaky(faults: int) -> list[str]:
    return ["down"] * faults + ["up"]


def call_of(answers: list[str]):
    def call() -> str:
        answer = answers.pop(0)
        if answer == "down":
            raise Passing("no route")
        return answer

    return call


def test_what_passes_is_tried_again_and_told() -> None:
    messages: list[str] = []
    slept: list[float] = []
    assert with_retries(call_of(flaky(3)), (Passing,), on_message=messages.append, sleep=slept.append) == "up"
    assert len(slept) == 3
    assert messages[0].startswith("attempt 1 of 12 failed (no route); the next is in 0.")


def test_what_does_not_pass_is_raised_at_once() -> None:
    slept: list[float] = []
    with pytest.raises(ZeroDivisionError):
        with_retries(lambda: 1 // 0, (Passing,), sleep=slept.append)
    assert slept == []


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_patience_ends_with_the_attempts(attempts: int) -> None:
    answers = flaky(10)
    with pytest.raises(Passing):
        with_retries(call_of(answers), (Passing,), backoff=Backoff(attempts=attempts), sleep=lambda seconds: None)
    assert 11 - len(answers) == attempts


def test_patience_ends_with_the_budget_that_calls_use_too() -> None:
    now = 0.0

    def slow() -> str:
        nonlocal now
        now += 100.0
        raise Passing("timed out")

    with pytest.raises(Passing):
        with_retries(slow, (Passing,), sleep=lambda seconds: None, clock=lambda: now)
    assert now == 300.0


@given(st.integers(1, 40), st.floats(0.01, 5), st.floats(1, 60), st.floats(0, 600), st.floats(0, 1, exclude_max=True))
def test_pauses_are_bounded(attempts: int, first: float, longest: float, budget: float, chance: float) -> None:
    backoff = Backoff(attempts=attempts, first_seconds=first, longest_seconds=longest, budget_seconds=budget)
    pauses = list(backoff.pauses(lambda: chance))
    assert len(pauses) < attempts
    assert sum(pauses) <= budget
    assert all(min(first * 2**index, longest) / 2 <= pause <= longest for index, pause in enumerate(pauses))


def test_no_two_wait_alike() -> None:
    assert len({next(Backoff().pauses()) for _ in range(20)}) > 10
