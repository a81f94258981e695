"""Our side of the comparison with evidently and NannyML: which of both rules sees which shift."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("scenario", "feature", "rows"),
    [
        ("nothing moves", False, False),
        ("mean by a tenth", False, False),
        ("mean by a half", True, True),
        ("category by 10 points", True, True),
        ("5 % missing", True, True),
        ("two go together", False, True),
    ],
)
def test_each_rule_sees_what_it_is_for(
    module: Callable[[str], ModuleType], scenario: str, feature: bool, rows: bool
) -> None:
    peers = module("drift_peers")
    rng = np.random.default_rng(3)
    before = peers.make_table(rng, 4_000)
    after = peers.make_table(rng, 2_000, **peers.SCENARIOS[scenario])
    assert (peers.by_feature(before, after), peers.by_rows(before, after)) == (feature, rows)
