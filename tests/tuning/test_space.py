from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import Dimension
from sevenfold.tuning.space import applies, distributions, draw_order, params_of, settings_of


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


def test_steps_become_optunas_and_only_values_on_them_are_known() -> None:
    space = {
        "share": Dimension(low=0.1, high=0.5, step=0.1),
        "units": Dimension(low=8, high=64, integer=True, step=8),
    }
    assert distributions(space) == {
        "share": FloatDistribution(0.1, 0.5, step=0.1),
        "units": IntDistribution(8, 64, step=8),
    }
    assert params_of(space, {"share": 0.1 + 0.2, "units": 24.0}) == {"share": 0.3, "units": 24}
    assert params_of(space, {"share": 0.25, "units": 20}) == {}


def test_a_setting_is_drawn_after_those_that_its_condition_names() -> None:
    space = {
        "c": Dimension(choices=(1, 2), when={"b": [1], "a": [2]}),
        "b": Dimension(choices=(1, 2), when={"a": [2]}),
        "z": Dimension(low=0, high=1),
        "a": Dimension(choices=(1, 2)),
    }
    assert draw_order(space) == ("z", "a", "b", "c")
    assert applies(space, "c", {"a": 1, "b": 0})
    assert not applies(space, "c", {"a": 1, "b": 1})
    assert not applies(space, "c", {"a": 1})
