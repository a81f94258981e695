from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import Dimension
from sevenfold.tuning.space import distributions, params_of, settings_of


def test_each_form_becomes_its_distribution() -> None:
    ranges = distributions(
        {
            "rate": Dimension(low=1e-4, high=1e-1, log=True),
            "share": Dimension(low=0, high=0.5),
            "width": Dimension(low=8.5, high=64.9, integer=True),
            "layers": Dimension(choices=([64], [64, 32], None, True, 1)),
        }
    )
    assert ranges == {
        "rate": FloatDistribution(1e-4, 1e-1, log=True),
        "share": FloatDistribution(0, 0.5),
        "width": IntDistribution(9, 64),
        "layers": CategoricalDistribution(range(5)),
    }


def test_choices_come_back_as_they_were_written() -> None:
    space = {"layers": Dimension(choices=([64], [64, 32], None, True, 1))}
    back = [settings_of(space, {"layers": index})["layers"] for index in range(5)]
    assert [repr(value) for value in back] == ["[64]", "[64, 32]", "None", "True", "1"]


@given(st.floats(1e-4, 1e-1), st.integers(8, 64), st.sampled_from([[64], [64, 32], None, True, 1, "x"]), st.booleans())
def test_settings_inside_the_space_survive_the_round_trip(
    rate: float, width: int, layers: object, float_: bool
) -> None:
    space = {
        "rate": Dimension(low=1e-4, high=1e-1, log=True),
        "width": Dimension(low=8, high=64, integer=True),
        "layers": Dimension(choices=([64], [64, 32], None, True, 1, "x")),
    }
    settings = {"rate": rate, "width": float(width) if float_ else width, "layers": layers}
    back = settings_of(space, params_of(space, settings))
    assert back == settings
    assert type(back["width"]) is int
    assert type(back["layers"]) is type(layers)


@pytest.mark.parametrize("value", [0.5, 7, 65, 8.5, "8", True, None])
def test_settings_outside_the_space_are_left_out(value: object) -> None:
    assert params_of({"width": Dimension(low=8, high=64, integer=True)}, {"width": value, "other": 1}) == {}


def test_whole_numbers_between_bounds_that_have_none() -> None:
    with pytest.raises(TrainingError, match=r"`tuning.space.width` .* none from 1.2 to 1.8. Widen it") as caught:
        distributions({"width": Dimension(low=1.2, high=1.8, integer=True)})
    assert caught.value.code == "empty_dimension"
