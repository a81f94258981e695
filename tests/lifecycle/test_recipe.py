"""A plan with a recipe from OpenRefine: the dataset of a refined table, and a predictor that takes raw rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from sealed_folders import running_predictor
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.design.propose import propose_plan
from sevenfold.monitoring.batch import drift_report
from sevenfold.plan import Plan
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.prepared import Prepared
from sevenfold.preparation.report import preparation_report
from sevenfold.refine.recipe import load_recipe
from sevenfold.refine.refined_source import refine_source
from sevenfold.scoring.client import InferenceClient
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.raw_table import read_raw_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.train import train

HEADER = "id,town,size,rent,rooms,owner,note,dear"
ROWS: dict[str, Any] = {"mode": "row-based", "facets": []}


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
    on("column-split", "size", mode="separator", separator="x", guessCellType=True, removeOriginalColumn=True),
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
        recipe = load_recipe("recipe.json", self.folder, self.folder)
        raw = refine_source(self.table, self.plan.data, recipe).raw
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


@pytest.fixture(scope="module")
def refined(tmp_path_factory: pytest.TempPathFactory) -> Refined:
    return made(tmp_path_factory.mktemp("recipe"), RECIPE)


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory) -> Refined:
    return made(tmp_path_factory.mktemp("crossing"), FILL_DOWN)


@pytest.fixture(scope="module")
def address(refined: Refined) -> Iterator[int]:
    with running_predictor(refined.bundle.folder, refined.folder / "serving") as (_, port, _):
        yield port


@pytest.fixture(scope="module")
def crossing_address(crossing: Refined) -> Iterator[int]:
    with running_predictor(crossing.bundle.folder, crossing.folder / "serving") as (_, port, _):
        yield port


def ask(port: int, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    sent = None if body is None else json.dumps(body)
    connection.request("GET" if body is None else "POST", path, sent, {"content-type": "application/json", **headers})
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def probabilities(port: int, rows: list[dict[str, Any]], **headers: str) -> list[float]:
    status, answer = ask(port, "/v1/models/flats:predict", {"instances": rows}, **headers)
    assert status == 200, answer
    return [each["probabilities"]["yes"] for each in answer["predictions"]]


def expected(refined: Refined, split: str) -> dict[str, float]:
    """By id, the probability that the model file gives to the refined row."""
    table = refined.dataset.table(split)
    signature = refined.bundle.signature
    prediction = Scorer(refined.bundle.model_path, signature).predict(feeds_from_table(table, signature.inputs))
    assert prediction.probabilities is not None
    return dict(zip(map(str, table["id"].to_pylist()), prediction.probabilities[:, 1].tolist(), strict=True))


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


def test_raw_rows_get_the_predictions_of_refined_rows(refined: Refined, address: int) -> None:
    known = expected(refined, "test")
    rows = [row for row in refined.raw_rows()[0] if row["id"] in known]
    together = probabilities(address, rows)
    assert together == pytest.approx([known[row["id"]] for row in rows], abs=1e-6)
    alone = [probabilities(address, [row])[0] for row in rows[:20]]
    assert alone == pytest.approx(together[:20], abs=1e-6)


def test_tensors_of_raw_columns_too(refined: Refined, address: int) -> None:
    known = expected(refined, "test")
    rows = [row for row in refined.raw_rows()[0] if row["id"] in known]
    tensors = [
        {
            "name": name,
            "shape": [len(rows)],
            "datatype": "INT64" if name == "rooms" else "BYTES",
            "data": [int(row[name]) if name == "rooms" else row[name] for row in rows],
        }
        for name in refined.bundle.signature.raw_inputs
    ]
    status, answer = ask(address, "/v2/models/flats/infer", {"inputs": tensors})
    assert status == 200, answer
    numbers = next(output for output in answer["outputs"] if output["name"] == "probabilities")["data"]
    assert numbers[1::2] == pytest.approx([known[row["id"]] for row in rows], abs=1e-6)


def test_refined_rows_are_taken_where_the_request_says_so(refined: Refined, address: int) -> None:
    signature = refined.bundle.signature
    feeds = feeds_from_table(refined.dataset.table("test"), signature.inputs)
    with InferenceClient(f"http://127.0.0.1:{address}", "flats") as client:
        answer = client.infer(feeds, headers={"x-sevenfold-rows": "refined"})
    known = list(expected(refined, "test").values())
    assert answer["probabilities"][:, 1].tolist() == pytest.approx(known, abs=1e-6)
    status, refusal = ask(
        address, "/v1/models/flats:predict", {"instances": [{"rooms": 2}]}, **{"x-sevenfold-rows": "cooked"}
    )
    assert (status, refusal["error"]["code"]) == (400, "rows")


def test_a_row_like_those_that_the_recipe_removes_is_answered_and_named(refined: Refined, address: int) -> None:
    rows, removed = refined.raw_rows()
    status, answer = ask(address, "/v1/models/flats:predict", {"instances": [rows[0], rows[removed[0]]]})
    assert (status, len(answer["predictions"])) == (200, 2)
    assert answer["not_trained_on"] == [1]
    columns = {name: [rows[at][name] for at in (removed[0], 0)] for name in ("town", "size", "rent")}
    tensors = [{"name": name, "shape": [2], "datatype": "BYTES", "data": texts} for name, texts in columns.items()]
    rooms = {"name": "rooms", "shape": [2], "datatype": "INT64", "data": [2, 3]}
    status, answer = ask(address, "/v2/models/flats/infer", {"inputs": [*tensors, rooms]})
    assert (status, answer["parameters"]["not_trained_on"]) == (200, "0")


def test_metadata_openapi_and_example_have_the_raw_columns(refined: Refined, address: int) -> None:
    raw = ["town", "size", "rent", "rooms"]
    _, described = ask(address, "/v2/models/flats")
    assert [each["name"] for each in described["inputs"]] == raw
    assert [each["datatype"] for each in described["inputs"]] == ["BYTES", "BYTES", "BYTES", "FP64"]
    assert described["parameters"]["rows"] == "raw"
    assert "step 7" in described["parameters"]["never_trained_on"]
    _, document = ask(address, "/openapi.json")
    assert list(document["components"]["schemas"]["Row"]["properties"]) == raw
    example = json.loads((refined.bundle.folder / "example_request.json").read_bytes())
    assert set(example["instances"][0]) == set(raw)
    assert len(probabilities(address, example["instances"])) == 2


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (5.5, "wrong_type"),
        (True, "wrong_type"),
        (["Chur"], "wrong_type"),
        ("a\x00b", "encoding"),
        ("a" * 70_000, "too_long"),
    ],
)
def test_a_cell_that_no_table_holds_is_refused_by_name(value: Any, code: str, address: int) -> None:
    status, answer = ask(address, "/v1/models/flats:predict", {"instances": [{"town": value, "rooms": 2}]})
    assert (status, answer["error"]["code"], answer["error"]["field"]) == (422, code, "town")


def test_a_whole_number_is_the_text_of_its_digits(address: int) -> None:
    row = {"town": "Chur", "size": "5x5", "rooms": 3}
    assert probabilities(address, [row | {"rent": 1200}]) == probabilities(address, [row | {"rent": "CHF 1200"}])


def test_the_counters_count_refined_values(refined: Refined) -> None:
    with running_predictor(refined.bundle.folder, refined.folder / "counted") as (_, port, _):
        probabilities(port, [{"town": " zürich", "size": "4x4", "rent": "CHF 900", "rooms": 2}])
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
        connection.close()
    counted = [line for line in page.splitlines() if "feature_bin" in line and 'feature="city"' in line]
    assert [line.rsplit(" ", 1)[1] for line in counted if 'bin="Zürich"' in line and "reference" not in line] == ["1.0"]
    assert 'feature="town"' not in page


def test_a_bundle_whose_recipe_crosses_rows_says_so_and_takes_refined_rows(
    crossing: Refined, crossing_address: int
) -> None:
    _, described = ask(crossing_address, "/v2/models/flats")
    assert described["parameters"]["rows"] == "refined"
    assert "step 8 (core/fill-down)" in described["parameters"]["refined_only"]
    assert [each["name"] for each in described["inputs"]] == list(crossing.bundle.signature.inputs)
    row = dict.fromkeys(crossing.bundle.signature.inputs) | {"city": "Chur", "size 1": 4, "size 2": 5, "rooms": 2}
    assert len(probabilities(crossing_address, [row])) == 1
    status, answer = ask(
        crossing_address, "/v1/models/flats:predict", {"instances": [row]}, **{"x-sevenfold-rows": "raw"}
    )
    assert (status, answer["error"]["code"]) == (422, "refined_only")


def test_drift_of_the_raw_table_is_drift_of_the_refined_one(refined: Refined, tmp_path: Path) -> None:
    raw = read_raw_table(refined.table, refined.bundle.signature)
    assert (raw.refused, raw.removed) == (1, 2)
    clean = tmp_path / "clean.csv"
    CliRunner().invoke(app, ["refine", str(refined.table), str(refined.recipe), "--out", str(clean)])
    before = read_raw_table(clean, refined.bundle.signature, refined=True)
    assert raw.table.equals(before.table.select(raw.table.column_names))
    report = drift_report(refined.bundle.folder, refined.table)
    assert "The recipe removed 2 rows" in report.model_dump_json()
