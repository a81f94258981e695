from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.tuning import latency
from sevenfold.tuning.latency import latency_ms, pareto_set
from sevenfold.tuning.study import Direction
from sevenfold.tuning.trial import Trial

POINTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12)


@given(POINTS, st.sampled_from(["maximize", "minimize"]))
def test_the_pareto_set_is_what_no_other_trial_dominates(points: list[tuple[int, int]], direction: Direction) -> None:
    trials = [
        Trial(number=i, state="complete", params={}, settings={}, score=float(score), latency_ms=float(time))
        for i, (score, time) in enumerate(points)
    ]
    sign = -1 if direction == "maximize" else 1

    def dominated(one: tuple[int, int]) -> bool:
        cost, time = sign * one[0], one[1]
        return any(
            sign * score <= cost and other <= time and (sign * score < cost or other < time) for score, other in points
        )

    expected = {i for i, point in enumerate(points) if not dominated(point)}
    front = pareto_set(trials, direction)
    assert {trial.number for trial in front} == expected
    assert [trial.latency_ms for trial in front] == sorted(trial.latency_ms or 0 for trial in front)


def test_trials_without_a_latency_are_in_no_set() -> None:
    assert pareto_set([Trial(number=0, state="pruned", params={}, settings={}, score=1.0)], "maximize") == []


def test_the_latency_is_the_median_of_calls_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    # five slow first calls, then 1 to 50 ms
    durations = [9.0] * 5 + [number / 1_000 for number in range(1, 51)]
    moments = itertools.chain.from_iterable((1_000.0 * i, 1_000.0 * i + seconds) for i, seconds in enumerate(durations))
    monkeypatch.setattr(latency.time, "perf_counter", lambda: next(moments))
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(latency, "Scorer", lambda path, signature: SimpleNamespace(predict=seen.append))
    data = SimpleNamespace(once=lambda key, make: make(), feeds=lambda split: {"x": np.arange(3.0)}, signature=None)
    fitted = SimpleNamespace(onnx_bytes=lambda data: b"")
    assert latency_ms(fitted, data, 5) == pytest.approx(25.5)  # type: ignore[arg-type]
    assert len(seen) == 55 and seen[0]["x"].tolist() == [0, 1, 2, 0, 1]
