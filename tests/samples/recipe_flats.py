"""A raw table of flats with its recipe, and the dataset and bundle that are made of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.design.propose import propose_plan
from sevenfold.plan import Plan
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.prepared import Prepared
from sevenfold.refine.recipe import load_recipe
from sevenfold.refine.whole_table import read_table
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.train import train

HEADER = "id,town,size,rent,rooms,owner,note,dear"
ROWS: dict[str, Any] = {"mode": "row-based", "facets": []}
PLAIN: dict[str, Any] = {"mode": "separator", "regex": False, "maxColumns": 0}


def on(op: str, column: str = "", **fields: Any) -> dict[str, Any]:
    named = {"columnName": column} if column else {}
    return {"op": f"core/{op}", **named, "engineConfig": ROWS, **fields}


def choose(column: str, *values: str) -> dict[str, Any]:
    chosen = [{"v": {"v": value, "l": value}} for value in values]
    facet = {"type": "list", "columnName": column, "expression": "value", "selection": chosen}
    return {"mode": "row-based", "facets": [facet]}


RECIPE = [
    on("text-transform", "town", expression="value.trim().toTitlecase()", onError="keep-original"),
    on("mass-edit", "town", expression="value", edits=[{"from": ["Basle", "Bâle"], "to": "Basel"}]),
    on("text-transform", "rent", expression="grel:value.replace('CHF ', '').toNumber()", onError="set-to-blank"),
    on("column-split", "size", separator="x", guessCellType=True, removeOriginalColumn=True, **PLAIN),
    {"op": "core/column-rename", "oldColumnName": "town", "newColumnName": "city"},
    on("text-transform", "owner", expression="value.trim()", onError="keep-original"),
    {"op": "core/column-removal", "columnName": "note"},
    on("row-removal", engineConfig=choose("city", "Test")),
]
FILL_DOWN = [*RECIPE, on("fill-down", "city")]


def table_text(rows: int = 400) -> str:
    rng = np.random.default_rng(8)
    lines = [HEADER, "# written by hand", ""]
    for number in range(rows):
        town = rng.choice([" Zürich ", "zürich", "Basle", "Bâle", "BASEL", "Chur", ""])
        wide, deep = rng.integers(3, 9), rng.integers(3, 9)
        rent = f"CHF {rng.integers(500, 3000)}" if rng.random() < 0.9 else "on request"
        rooms = rng.integers(1, 6)
        dear = "yes" if (wide * deep > 30) ^ (rng.random() < 0.15) else "no"
        owner = f" Owner {number} "
        note = '"two\nlines"' if number % 50 == 3 else "-"
        label = "perhaps" if number == 17 else dear
        town = "test" if number in (40, 41) else town
        many = "five" if number == 60 else rooms
        lines.append(f"{number},{town},{wide}x{deep},{rent},{many},{owner},{note},{label}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Refined:
    """A raw table, its recipe, and what was made of them."""

    folder: Path
    plan: Plan
    prepared: Prepared
    dataset: Dataset
    bundle: Bundle

    @property
    def table(self) -> Path:
        return self.folder / "flats.csv"

    @property
    def recipe(self) -> Path:
        return self.folder / "recipe.json"

    def raw_rows(self) -> tuple[list[dict[str, Any]], list[int]]:
        """The raw rows that stay, as a user has them; and those that the recipe removes."""
        raw = read_table(self.table, self.plan.data.delimiter)
        cells = {name: raw.column(name).cells() for name in raw.names}
        rows = [{name: cells[name][at] for name in raw.names} for at in range(raw.height)]
        return rows, [40, 41]


def made(folder: Path, recipe: list[dict[str, Any]]) -> Refined:
    (folder / "flats.csv").write_text(table_text())
    (folder / "recipe.json").write_text(json.dumps(recipe))
    plan = propose_plan(folder / "flats.csv", "dear", recipe=folder / "recipe.json", recipe_named="recipe.json").plan
    columns = dict(plan.data.columns)
    columns["city"] = columns["city"].model_copy(update={"nullable": True})
    columns["owner"] = columns["owner"].model_copy(update={"sensitive": True})
    data = plan.data.replaced(columns={name: column.model_dump() for name, column in columns.items()})
    plan = plan.model_copy(update={"data": data})
    prepared = prepare(
        folder / "flats.csv",
        plan.data,
        plan.preparation,
        folder / "dataset",
        recipe=load_recipe("recipe.json", folder, folder),
    )
    section = plan.training.replaced(model="linear", settings={})
    train(folder / "dataset", None, section, "roc_auc", folder / "bundle", name="flats", digests={})
    return Refined(folder, plan, prepared, Dataset.open(folder / "dataset"), Bundle.open(folder / "bundle"))


def expected(refined: Refined, split: str) -> dict[str, float]:
    """By id, the probability that the model file gives to the refined row."""
    table = refined.dataset.table(split)
    signature = refined.bundle.signature
    prediction = Scorer(refined.bundle.model_path, signature).predict(feeds_from_table(table, signature.inputs))
    assert prediction.probabilities is not None
    return dict(zip(map(str, table["id"].to_pylist()), prediction.probabilities[:, 1].tolist(), strict=True))
