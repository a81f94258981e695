"""Values that look like one: only enough rows make a value be named, and too many values are not looked at."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import polars as pl

from sevenfold.design.look_alikes import MOST, LookAlike, look_alikes, merge_command
from sevenfold.design.typed_table import read_typed


def levels(counts: dict[str, int]) -> pl.DataFrame:
    return pl.DataFrame({"value": list(counts), "count": list(counts.values())})


def test_rare_values_count_but_are_not_named() -> None:
    found = look_alikes(levels({"b": 9, "B": 3, "x y": 40, "y, x": 30, "z": 90}), 10)
    assert found == (LookAlike(("x y", "y, x"), 2, 70), LookAlike((), 2, 12))


def test_of_too_many_values_none_is_looked_at() -> None:
    many = {str(number): 1 for number in range(MOST - 1)} | {"a": 1, "A": 1}
    assert look_alikes(levels(many), 1) == ()
    del many["0"]
    assert look_alikes(levels(many), 1) == (LookAlike(("A", "a"), 2, 2),)


def test_the_command_reads_the_table_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a b.csv"
    path.write_bytes("c'd;n\nZürich;1\nBern;2\n".encode("cp1252"))
    table = read_typed(path, encoding="cp1252")
    command = merge_command(table, "c'd")
    assert shlex.split(command)[2:] == [
        *("a b.csv", "--cluster", "c'd", "--out", "history.json"),
        *("--delimiter", ";", "--encoding", "cp1252"),
    ]
    refined = replace(table, refined=True, source="refined a b.csv")
    assert shlex.split(merge_command(refined, "x"))[2:6] == ["a b.csv", "RECIPE", "--cluster", "x"]
    here = merge_command(refined, "x", str(path), "my recipe.json")
    assert shlex.split(here)[2:6] == [str(path), "my recipe.json", "--cluster", "x"]
