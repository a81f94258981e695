"""A score looks alike on every page: one of thousands has no exponent, whichever stage writes it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from sevenfold.report.format_value import format_score, format_value, shortened
from sevenfold.tuning.kinds_report import kinds_sentence


@pytest.mark.parametrize("score", [0.0, 0.716243, -0.5, 12.3456, 999.94, 1_000.4, 57_664.2, -307_248.4, 1.5e9])
def test_a_score_is_written_as_cells_of_tables_are(score: float) -> None:
    assert format_score(score) == format_value(score)


@pytest.mark.parametrize("score", [0.716243, -0.5, 999.94, 1_000.4, 58_854.248, -1_307_248.4])
@pytest.mark.parametrize("digits", [4, 6])
def test_a_score_that_was_shortened_for_a_table_is_still_the_one_of_the_sentence(score: float, digits: int) -> None:
    short = shortened(score, digits)
    assert short is not None
    assert format_value(short) == format_score(score)


def test_a_gap_between_kinds_of_models_has_no_exponent() -> None:
    first, second = (SimpleNamespace(kind=SimpleNamespace(name=name)) for name in ("linear", "trees"))
    first.behind, second.behind, second.error = 0.0, 7_412.6, 0.0
    choice = SimpleNamespace(contenders=(first, second), chosen=first)
    assert kinds_sentence(cast("Any", choice)) == "Chosen: linear, 7,400 ahead of trees."
    second.behind = 0.00491
    assert kinds_sentence(cast("Any", choice)) == "Chosen: linear, 0.0049 ahead of trees."
