from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kruskal

from sevenfold.plan.tuning import Dimension
from sevenfold.tuning.importance import MIN_TRIALS, importances
from sevenfold.tuning.trial import Trial

SPACE = {"kind": Dimension(choices=("a", "b", "c")), "size": Dimension(low=0, high=1)}


def trials(scores: list[float | None], kinds: list[int], sizes: list[float]) -> list[Trial]:
    return [
        Trial(
            number=i,
            state="failed" if score is None else "complete",
            params={"kind": kind, "size": size},
            settings={},
            score=score,
        )
        for i, (score, kind, size) in enumerate(zip(scores, kinds, sizes, strict=True))
    ]


def test_agrees_with_the_kruskal_wallis_statistic() -> None:
    rng = np.random.default_rng(3)
    kinds = rng.integers(0, 3, 40)
    scores = np.round(kinds * 0.5 + rng.normal(size=40), 1)  # rounded, so that some tie
    shares = importances(trials(list(scores), list(kinds), list(rng.random(40))), SPACE)
    statistic = kruskal(*(scores[kinds == kind] for kind in range(3))).statistic
    # ε² from η² = H / (n - 1), Tomczak & Tomczak 2014.
    eta = statistic / 39
    assert shares["kind"] == pytest.approx(1 - (1 - eta) * 39 / 37)


def test_a_setting_that_decides_everything_is_near_one_and_one_that_does_nothing_near_zero() -> None:
    rng = np.random.default_rng(4)
    sizes = rng.random(60)
    shares = importances(trials(list(sizes * 10 + rng.random(60)), [0, 1, 2] * 20, list(sizes)), SPACE)
    assert shares["size"] > 0.8
    assert shares["kind"] < 0.1
    assert list(shares) == ["size", "kind"]


def test_the_measure_does_not_depend_on_how_scores_are_scaled() -> None:
    rng = np.random.default_rng(5)
    scores, sizes = rng.random(20), rng.random(20)
    kinds = [0, 1] * 10
    one, other = (
        importances(trials(list(values), kinds, list(sizes)), SPACE) for values in (scores, np.exp(9 * scores))
    )
    assert one == other


def test_too_few_scores_and_equal_scores_show_nothing() -> None:
    few = MIN_TRIALS - 1
    assert importances(trials([*map(float, range(few)), None, None], [0] * (few + 2), [0.1] * (few + 2)), SPACE) == {}
    assert importances(trials([0.5] * 9, [0, 1, 2] * 3, list(np.linspace(0, 1, 9))), SPACE) == {}
