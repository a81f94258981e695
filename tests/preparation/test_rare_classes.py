"""Rare classes: refused with their names, merged into one class, or left out, as the plan says."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import DataError
from sevenfold.plan import DataSection, PreparationSection
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.report import preparation_report

RARE = {"owl": 3, "swan": 2, "crow": 1, "wren": 1, "kite": 2, "gull": 2}
COMMON = [f"bird {number}" for number in range(10)]


def body(tables: Any) -> str:
    """A table of 16 classes, 6 of which have three rows or fewer."""
    rows = tables.rows(300)
    labels = [label for label, count in RARE.items() for _ in range(count)]
    for at, row in enumerate(rows):
        row[3] = labels[at // 20] if at % 20 == 7 and at // 20 < len(labels) else COMMON[at % 10]
    return tables.text(rows)


def test_classes_that_are_too_rare_are_named_with_counts_and_the_lines_that_help(tables: Any) -> None:
    path = tables.folder / "t.csv"
    path.write_text(body(tables))
    with pytest.raises(DataError) as refused:
        prepare(path, tables.section(task="multiclass"), PreparationSection(), tables.folder / "out")
    assert refused.value.code == "rare_class"
    for label, count in RARE.items():
        assert f"class {label!r} has " in refused.value.message
        assert f"({count} in all)" in refused.value.message
    listed = ", ".join(f'"{label}"' for label in sorted(RARE))
    assert f"merged_classes: {{other: [{listed}]}}, or left_out_classes: [{listed}]" in str(refused.value.remedy)


def test_merged_classes_are_one_class_everywhere(tables: Any) -> None:
    outcome = tables.outcome(body(tables), task="multiclass", merged_classes={"other": list(RARE)})
    dataset = Dataset.open(outcome.folder)
    assert dataset.schema.classes == (*COMMON, "other")
    assert dataset.transform().target.classes == dataset.schema.classes
    assert dataset.schema.merged_classes == {"other": tuple(RARE)}
    assert outcome.column("y").count("other") == sum(RARE.values())
    assert not set(RARE) & set(outcome.column("y"))
    assert outcome.prepared.kept == 300 and not outcome.refused
    (table,) = [
        block for block in preparation_report(outcome.prepared).blocks if "Merged" in getattr(block, "title", "")
    ]
    assert ("owl", 3, "other") in table.rows


def test_left_out_classes_are_counted_and_no_bad_rows(tables: Any) -> None:
    settings = {"left_out_classes": list(RARE), "max_bad_fraction": 0.0}
    outcome = tables.outcome(body(tables), task="multiclass", **settings)
    assert outcome.prepared.refused == {"class_left_out": 11}
    assert outcome.prepared.kept == 289
    assert set(outcome.column("y")) == set(COMMON)
    quarantine = pq.read_table(outcome.folder / "quarantine.parquet").to_pylist()
    assert {row["value"] for row in quarantine} == set(RARE)
    facts = {fact.label: fact.value for fact in preparation_report(outcome.prepared).blocks[0].facts}
    assert (facts["Rows of classes left out"], facts["Bad rows refused"]) == (11, 0)


def test_labels_are_the_same_however_they_are_written(tables: Any) -> None:
    content = tables.text([[*row[:3], str(1 + int(row[0]) * 7919 % 10 % 3)] for row in tables.rows()])
    column = {"y": {"kind": "integer", "role": "target"}}
    outcome = tables.outcome(content, column, merged_classes={"high": [2, "3.0"]}, positive="high")
    assert outcome.prepared.schema.classes == ("1", "high")


def test_a_label_with_the_name_of_a_merged_class_could_mean_two_things(tables: Any) -> None:
    content = body(tables).replace("bird 9", "other")
    outcome = tables.outcome(content, task="multiclass", merged_classes={"other": list(RARE)})
    assert outcome.code == "ambiguous_class"
    whole = tables.outcome(content, task="multiclass", merged_classes={"other": [*RARE, "other"]})
    assert len(whole.prepared.schema.classes) == 10


def test_a_label_that_no_row_has_is_a_warning(tables: Any) -> None:
    outcome = tables.outcome(tables.text(tables.rows()), left_out_classes=["yess"])
    assert outcome.prepared.warnings == ["Labels that the plan merges or leaves out are not in the table: yess."]


def test_labels_of_a_sensitive_target_are_not_shown(tables: Any) -> None:
    column = {"y": {"kind": "category", "role": "target", "sensitive": True}}
    refused = tables.outcome(body(tables), column, task="multiclass")
    assert refused.code == "rare_class" and "owl" not in refused.message
    outcome = tables.outcome(body(tables), column, task="multiclass", left_out_classes=[*RARE, "dodo"])
    assert outcome.prepared.merged_rows == {} and "dodo" not in " ".join(outcome.prepared.warnings)


def test_the_sections_keep_their_choice_through_settings() -> None:
    columns = {"x": {"kind": "number"}, "y": {"kind": "category", "role": "target"}}
    given = {"source": "t.csv", "target": "y", "task": "multiclass", "columns": columns}
    data = DataSection.model_validate({**given, "merged_classes": {"other": ["a"]}, "left_out_classes": ["b"]})
    assert DataSection.from_settings(data.to_settings()) == data
