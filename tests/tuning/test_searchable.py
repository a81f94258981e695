from __future__ import annotations

import itertools
from typing import Any

import pytest

from sevenfold.plan.tuning import Dimension
from sevenfold.tuning.searchable import grid_size
from sevenfold.tuning.space import applies, draw_order

SPACES: dict[str, dict[str, Any]] = {
    "plain": {"a": {"choices": [1, 2]}, "b": {"low": 0, "high": 1, "step": 0.25}},
    "one condition": {"a": {"choices": [1, 2]}, "b": {"choices": [1, 2, 3], "when": {"a": [1]}}},
    "chain": {
        "c": {"low": 1, "high": 4, "integer": True, "when": {"b": [1, 3], "a": [1]}},
        "b": {"choices": [1, 2, 3], "when": {"a": [1, 2]}},
        "a": {"choices": [1, 2, 3]},
        "d": {"choices": [True, 1], "when": {"a": [3]}},
    },
}


@pytest.mark.parametrize("name", SPACES)
def test_the_size_of_a_grid_is_the_number_of_different_trials(name: str) -> None:
    space = {key: Dimension.model_validate(given) for key, given in SPACES[name].items()}
    trials = set()
    for indices in itertools.product(*(range(dimension.points or 0) for dimension in space.values())):
        drawn = dict(zip(space, indices, strict=True))
        params: dict[str, int] = {}
        for key in draw_order(space):
            if applies(space, key, params):
                params[key] = drawn[key]
        trials.add(tuple(sorted(params.items())))
    assert grid_size(space) == len(trials)


def test_a_range_without_steps_has_no_end() -> None:
    assert grid_size({"a": Dimension(low=0, high=1)}) is None
