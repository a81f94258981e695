"""A column of numbers near the largest of a float is proposed like any other, without a warning."""

import numpy as np
import pytest

from sevenfold.design.propose import propose_plan


@pytest.mark.parametrize("large", [1.7e308, 1e200])
def test_numbers_near_the_largest_are_proposed(written, large):
    random = np.random.default_rng(3)
    tiny = random.normal(size=300) * 10.0 ** random.integers(-300, -290, 300)
    values = [-large, large, *tiny.tolist()]
    rows = "".join(f"{value!r},{at % 7},{'yes' if at % 3 else 'no'}\n" for at, value in enumerate(values))
    assert propose_plan(written("a,b,y\n" + rows), "y").plan.data.columns["a"].is_feature
