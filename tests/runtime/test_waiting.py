import pytest

from sevenfold.runtime.waiting import wait_until


def test_the_first_answer_is_returned_without_a_pause() -> None:
    pauses: list[float] = []
    assert wait_until(lambda: "ready", pause_seconds=5, sleep=pauses.append) == "ready"
    assert pauses == []


@pytest.mark.parametrize("not_yet", [None, False])
def test_none_and_false_are_waited_for(not_yet: bool | None) -> None:
    answers, pauses = iter([not_yet, not_yet, True]), []
    assert wait_until(lambda: next(answers), pause_seconds=5, sleep=pauses.append) is True
    assert pauses == [5, 5]


@pytest.mark.parametrize("answer", [0, "", [], 0.0])
def test_other_false_values_are_answers(answer: object) -> None:
    assert wait_until(lambda: answer, pause_seconds=5, sleep=lambda _: pytest.fail("no pause")) == answer


def test_after_the_patience_the_given_error_is_raised() -> None:
    pauses: list[float] = []
    checks: list[int] = []
    with pytest.raises(LookupError, match="3 checks"):
        wait_until(
            lambda: checks.append(1),
            pause_seconds=5,
            patience_seconds=10,
            late=lambda: LookupError(f"{len(checks)} checks"),
            sleep=pauses.append,
        )
    assert pauses == [5, 5]


def test_without_a_given_error_it_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        wait_until(lambda: None, pause_seconds=1, patience_seconds=0, sleep=lambda _: pytest.fail("no pause"))


def test_time_that_the_checks_take_counts() -> None:
    moments = iter([0.0, 4.0, 8.0, 12.0])
    pauses: list[float] = []
    with pytest.raises(TimeoutError):
        wait_until(lambda: None, pause_seconds=1, patience_seconds=10, sleep=pauses.append, clock=lambda: next(moments))
    assert pauses == [1, 1]


def test_what_the_condition_raises_ends_the_wait() -> None:
    def broken() -> None:
        raise ValueError("hopeless")

    with pytest.raises(ValueError, match="hopeless"):
        wait_until(broken, pause_seconds=1, sleep=lambda _: pytest.fail("no pause"))


def test_by_default_it_waits_in_real_time() -> None:
    calls: list[int] = []
    assert wait_until(lambda: calls.append(1) or len(calls) > 2, pause_seconds=0.001, patience_seconds=10)
