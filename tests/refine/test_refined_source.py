"""The table that a recipe leaves of files: read as OpenRefine does, and every row known by where it came from."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.refine import import_parts
from sevenfold.refine.history import History, parse_history
from sevenfold.refine.recipe import Recipe
from sevenfold.refine.refined_source import RefinedSource, refine_source
from sevenfold.tables.dialect import Dialect

CSV = Dialect("csv", "utf-8", ",", ".", (), '"', "", False)
ROWS: dict[str, Any] = {"mode": "row-based", "facets": []}
AT_SEMICOLON = {"mode": "separator", "separator": ";"}
SPLIT = {"op": "core/multivalued-cell-split", "columnName": "b", "keyColumnName": "a", **AT_SEMICOLON}
KEPT = {"engineConfig": ROWS, "onError": "keep-original"}
NUMBER = {"op": "core/text-transform", "columnName": "b", "expression": "value.toNumber()", **KEPT}

TRANSPOSE = {
    "op": "core/transpose-columns-into-rows",
    "startColumnName": "a",
    "columnCount": 2,
    "combinedColumnName": "n",
}


def refined(paths: Path | list[Path], *steps: dict[str, Any], decimal: str = ".") -> RefinedSource:
    first = paths if isinstance(paths, Path) else paths[0]
    recipe = Recipe(parse_history(list(steps)), "sha256:0")
    return refine_source(paths, CSV, recipe, first.with_name("refined.parquet"), decimal)


def texts(source: RefinedSource) -> dict[str, list[str]]:
    read: dict[str, list[str]] = pq.read_table(source.path).to_pydict()
    return read


def lines(source: RefinedSource) -> list[tuple[int, int]]:
    files, found = source.located(np.arange(1, source.rows + 1))
    return list(zip(files.tolist(), found.tolist(), strict=True))


def test_rows_are_known_by_their_lines_over_comments_blank_lines_and_breaks_in_fields(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('# first\na,b\n\n1,"x\n# no comment\ny"\n# comment\n2,z\n\n3,\n')
    assert lines(refined(path)) == [(0, 4), (0, 8), (0, 10)]
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert lines(refined(path)) == [(0, 4), (0, 8), (0, 10)]


def test_a_packed_file_and_several_files_are_one_table(tmp_path: Path) -> None:
    first, second = tmp_path / "1.csv.gz", tmp_path / "2.csv"
    first.write_bytes(gzip.compress(b"a,b\n1,x\n2,y\n"))
    second.write_text("b,a\n\nz,3\n")
    source = refined([first, second])
    assert texts(source) == {"a": ["1", "2", "3"], "b": ["x", "y", "z"]}
    assert lines(source) == [(0, 2), (0, 3), (1, 3)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([SPLIT], [2, 2, 3, 4]),
        ([{"op": "core/row-addition", "rows": [{"cells": []}], "insertionIndex": 1}], [2, 3, 4]),  # all null: no row
        ([{"op": "core/row-duplicate-removal", "criteria": ["c"], "engineConfig": ROWS}], [2, 4]),
        ([{"op": "core/key-value-columnize", "keyColumnName": "a", "valueColumnName": "b"}], [2, 4]),
        (
            [TRANSPOSE],
            [2, 2, 3, 3, 4, 4],
        ),
        (
            [
                {
                    "op": "core/row-reorder",
                    "mode": "row-based",
                    "sorting": {"criteria": [{"column": "a", "valueType": "string", "reverse": True}]},
                }
            ],
            [4, 3, 2],
        ),
    ],
    ids=lambda value: value[0]["op"] if isinstance(value[0], dict) else "",
)
def test_rows_keep_their_origin_through_every_kind_of_step(
    steps: list[dict[str, Any]], expected: list[int], tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("a,b,c\nk,1;2,u\nl,3,u\nm,4,v\n")
    assert [line for _, line in lines(refined(tmp_path / "t.csv", *steps))] == expected


def test_the_values_of_parquet_are_the_texts_of_a_csv(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1, None], "b": [0.5, 1e10], "c": [True, False], "d": [None, " x "]})
    frame.write_parquet(tmp_path / "t.parquet")
    source = refined(tmp_path / "t.parquet", NUMBER)
    held = texts(source)
    assert held["a"] == ["1", ""]
    assert [float(text) for text in held["b"]] == [0.5, 1e10]
    assert (held["c"], held["d"]) == (["true", "false"], ["", "x"])
    assert lines(source) == [(0, 1), (0, 2)]


def test_numbers_of_a_recipe_are_written_with_the_plans_decimal_sign(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('a,b\n"1,5",2.5\n')
    assert texts(refined(tmp_path / "t.csv", NUMBER, decimal=",")) == {"a": ["1,5"], "b": ["2,5"]}


def test_a_recipe_that_leaves_no_row_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError) as refused:
        refined(tmp_path / "t.csv", {"op": "core/row-removal", "engineConfig": ROWS})
    assert refused.value.code == "no_rows"
    assert "recipe" in refused.value.message


def test_a_way_to_write_fields_that_the_importer_lacks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    odd = Dialect("csv", "utf-8", ",", ".", (), "'", "\\", False)
    with pytest.raises(DataError) as refused:
        refine_source(tmp_path / "t.csv", odd, Recipe(parse_history([]), "sha256:0"), tmp_path / "refined.parquet")
    assert refused.value.code == "refine_format"
    assert "quote" in refused.value.message and "escape" in refused.value.message


TRIM = {"op": "core/text-transform", "columnName": "b", "expression": "value.trim()", **KEPT}
EMPTY = {"type": "list", "columnName": "b", "expression": "value", "selection": [], "selectBlank": True}
REMOVAL = {"op": "core/row-removal", "engineConfig": {"mode": "row-based", "facets": [EMPTY]}}
CUT = {
    "op": "core/column-split",
    "columnName": "c",
    "mode": "separator",
    "separator": "|",
    "regex": False,
    "maxColumns": 0,
    "removeOriginalColumn": True,
    "engineConfig": ROWS,
}


@pytest.mark.parametrize("part_bytes", [1, 16, 40])
def test_parts_make_the_table_and_the_origins_that_the_whole_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part_bytes: int
) -> None:
    one, two = tmp_path / "1.csv", tmp_path / "2.csv"
    one.write_text("a,b,c\n1, x ,p\n# no row\n2,,q|r\n,,\n3,y,s,more\n")
    two.write_text('c,a,b\n"t|u|v",4,"z\nz"\n\nw,5,x,more\n')
    with monkeypatch.context() as patch:
        patch.setattr(History, "crossing", ["step 0 is said to need the whole table"])
        whole = refined([one, two], TRIM, REMOVAL, CUT)
    held, places = texts(whole), lines(whole)
    monkeypatch.setattr(import_parts, "PART_BYTES", part_bytes)
    parts = refined([one, two], TRIM, REMOVAL, CUT)
    assert (texts(parts), lines(parts)) == (held, places)
    assert held["c 3"] == ["", "", "v", ""]
    assert places == [(0, 2), (0, 6), (1, 2), (1, 5)]
    assert (parts.raw.names, parts.raw.rows, parts.starts) == (whole.raw.names, whole.raw.rows, whole.starts)


@pytest.mark.parametrize("other", ["a,x\n1,2\n", "a,b,x\n1,2,3\n", "a\n1\n", "a,b\n1,2,3\n"])
def test_a_file_with_other_columns_is_refused(tmp_path: Path, other: str) -> None:
    one, two = tmp_path / "1.csv", tmp_path / "2.csv"
    one.write_text("a,b\n1,x\n")
    two.write_text(other)
    with pytest.raises(DataError) as refused:
        refined([one, two], TRIM)
    assert refused.value.code == "part_columns"


def test_the_recipe_is_read_with_its_digest(tmp_path: Path) -> None:
    from sevenfold.contracts.canonical import file_digest
    from sevenfold.contracts.errors import IntegrityError
    from sevenfold.refine.recipe import load_recipe

    path = tmp_path / "h.json"
    path.write_text(json.dumps([NUMBER]))
    address = path.as_uri()
    recipe = load_recipe(f"{address}#{file_digest(path)}", tmp_path, tmp_path)
    assert (len(recipe.history), recipe.digest) == (1, file_digest(path))
    with pytest.raises(DataError, match="digest"):
        load_recipe(address, tmp_path, tmp_path)
    path.write_text("[]")
    with pytest.raises(IntegrityError, match="digest"):
        load_recipe(f"{address}#{recipe.digest}", tmp_path, tmp_path)
