"""Numbers with a unit are read; those in a form that is not read raise a question, and are no silent texts."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from sevenfold.contracts.schema import Kind
from sevenfold.design.typed_column import TypedColumn
from sevenfold.design.typed_table import read_typed

ROWS = 300


def column_of(tmp_path: Path, write: Callable[[float], str], decimals: int = 1) -> tuple[list[float], TypedColumn]:
    """Return numbers, and the column that is read of a CSV in which they are written so."""
    chance = random.Random(5)
    numbers = [round(chance.uniform(-5_000, 5_000), decimals) for _ in range(ROWS)]
    (tmp_path / "t.csv").write_text("x\n" + "".join(f'"{write(number)}"\n' for number in numbers))
    return numbers, read_typed(tmp_path / "t.csv").columns["x"]


@pytest.mark.parametrize("unit", ["kg", " kg", " km/h", " °C", "m²", "\u00a0µm"])
def test_a_unit_behind_all_numbers_is_taken_off(tmp_path: Path, unit: str) -> None:
    numbers, column = column_of(tmp_path, lambda number: f"{number}{unit}")
    assert column.guess.symbols == (unit.strip(),)
    assert column.values.to_list() == numbers


def test_with_a_unit_the_decimal_comma_is_proved_too(tmp_path: Path) -> None:
    numbers, column = column_of(tmp_path, lambda number: f"{number:.2f} kg".replace(".", ","), decimals=2)
    assert column.values.to_list() == numbers


@pytest.mark.parametrize(
    "write",
    [
        lambda number: f"{abs(number)} {'kg' if number < 0 else 'g'}",
        lambda number: f"{int(abs(number)) % 4 + 36} EU",  # few sizes: categories
        lambda number: f"{int(abs(number)):05d}X",  # codes
        lambda number: f"{int(abs(number))}{'ABCDEF'[int(abs(number)) % 6]}",
    ],
)
def test_other_texts_that_begin_with_digits_stay_texts(tmp_path: Path, write: Callable[[float], str]) -> None:
    _, column = column_of(tmp_path, write)
    assert column.kind is Kind.CATEGORY and not column.guess.question


def negative(before: str, after: str) -> Callable[[float], str]:
    return lambda number: f"{before}{-number:,.2f}{after}" if number < 0 else f"{number:,.2f}"


@pytest.mark.parametrize(
    ("write", "named"),
    [
        (negative("(", ")"), "stand in parentheses where they are negative"),
        (negative("($", ")"), "stand in parentheses"),
        (negative("", "-"), "have a minus sign behind them"),
        (negative("\u2212", ""), "have a minus sign other than the hyphen"),
        (lambda number: f"<{abs(number)}" if number < 0 else f"{number}", "have signs such as < before them"),
    ],
)
def test_a_form_that_is_not_read_is_a_question(tmp_path: Path, write: Callable[[float], str], named: str) -> None:
    _, column = column_of(tmp_path, write)
    assert column.kind is Kind.CATEGORY
    assert named in column.guess.question and "by a recipe" in column.guess.question


def test_plain_numbers_ranges_and_words_raise_none(tmp_path: Path) -> None:
    assert column_of(tmp_path, str)[1].kind is Kind.NUMBER
    for write in (lambda number: f"{int(abs(number))}-{int(abs(number)) + 5}", lambda number: f"({abs(number)}) word"):
        assert not column_of(tmp_path, write)[1].guess.question
