"""A plan with a recipe from OpenRefine: the dataset of a refined table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from recipe_flats import FILL_DOWN, RECIPE, Refined, table_text
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import InputError
from sevenfold.monitoring.batch import drift_report
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.report import preparation_report
from sevenfold.refine import import_parts
from sevenfold.refine.import_parts import read_parts
from sevenfold.refine.recipe import load_recipe
from sevenfold.scoring.raw_table import read_raw_table


@pytest.mark.parametrize("history", [RECIPE, FILL_DOWN], ids=["row-local", "fill-down"])
def test_a_recipe_gives_what_the_table_gives_that_was_refined_before(
    history: list[dict[str, Any]], refined: Refined, crossing: Refined, tmp_path: Path
) -> None:
    ours = refined if history is RECIPE else crossing
    arguments = ["refine", str(ours.table), str(ours.recipe), "--out", str(tmp_path / "clean.csv")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    prepare(tmp_path / "clean.csv", ours.plan.data, ours.plan.preparation, tmp_path / "dataset")
    theirs = Dataset.open(tmp_path / "dataset")
    for split in ("train", "validation", "test"):
        assert ours.dataset.table(split).equals(theirs.table(split)), split
    assert ours.dataset.transform() == theirs.transform()
    assert ours.dataset.reference() == theirs.reference()
    assert ours.dataset.schema.model_copy(update={"refinement": None}) == theirs.schema
    assert ours.dataset.digest != theirs.digest


def test_a_table_refined_in_parts_makes_the_same_dataset(
    refined: Refined, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = list(read_parts(refined.table, part_bytes=2_000))
    assert len(parts) > 5
    monkeypatch.setattr(import_parts, "PART_BYTES", 2_000)
    recipe = load_recipe("recipe.json", refined.folder, refined.folder)
    prepare(refined.table, refined.plan.data, refined.plan.preparation, tmp_path / "dataset", recipe=recipe)
    assert Dataset.open(tmp_path / "dataset").digest == refined.dataset.digest


def test_the_quarantine_names_the_lines_of_the_raw_file(refined: Refined) -> None:
    refused = pq.read_table(refined.dataset.folder / "quarantine.parquet").to_pylist()
    lines = table_text().split("\n")
    assert refused
    for row in refused:
        raw = lines[row["row"] - 1]
        assert {"dear": "perhaps", "rooms": "five"}[row["column"]] in raw, (row, raw)


def test_the_report_says_what_each_step_changed_and_nothing_of_a_sensitive_column(refined: Refined) -> None:
    assert refined.plan.data.columns["owner"].sensitive
    page = preparation_report(refined.prepared).model_dump_json()
    assert "' Zürich ' → 'Zürich'" in page
    assert "Basle" in page
    assert "Owner " not in page
    assert "never trained on" in page


def test_drift_of_the_raw_table_is_drift_of_the_refined_one(refined: Refined, tmp_path: Path) -> None:
    raw = read_raw_table(refined.table, refined.bundle.signature)
    assert (raw.refused, raw.removed) == (1, 2)
    clean = tmp_path / "clean.csv"
    CliRunner().invoke(app, ["refine", str(refined.table), str(refined.recipe), "--out", str(clean)])
    before = read_raw_table(clean, refined.bundle.signature, refined=True)
    assert raw.table.equals(before.table.select(raw.table.column_names))
    report = drift_report(refined.bundle.folder, refined.table)
    assert "The recipe removed 2 rows" in report.model_dump_json()


def test_drift_of_a_raw_table_where_only_refined_rows_are_taken_says_so(crossing: Refined) -> None:
    with pytest.raises(InputError) as refusal:
        drift_report(crossing.bundle.folder, crossing.table)
    assert (refusal.value.code, refusal.value.field) == ("missing_field", "city")
    assert "sevenfold refine" in refusal.value.remedy
