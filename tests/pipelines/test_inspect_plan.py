"""What `validate` sees beyond the plan itself: table header, notebook, model source, settings; all of it at once."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from houses import HOUSES
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.errors import PlanError, Problem
from sevenfold.pipelines.inspect_plan import inspect_plan

PLAN = HOUSES
NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "houses.csv").write_text("rooms,street,price\n")  # no row is needed
    (tmp_path / "explore.ipynb").write_text(NOTEBOOK)
    (tmp_path / "ours.py").write_text("def build_model(signature, **settings): ...\n")
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/__init__.py").write_text("from .network import *\n")
    return tmp_path


def problems(home: Path, text: str, *, table: bool = True) -> dict[str, Problem]:
    (home / "plan.yaml").write_text(text)
    with pytest.raises(PlanError) as caught:
        inspect_plan(home / "plan.yaml", table=table)
    return {problem.key: problem for problem in caught.value.problems}


def test_five_mistakes_of_five_kinds_are_named_at_once_with_their_lines(home: Path) -> None:
    text = PLAN.replace("houses.csv", "house.csv") + (
        "design: {notebook: explor.ipynb}\n"
        "training: {source: our.py}\n"
        "testing:\n  slices: [city]\n  gates: [{metric: rmse}]\n"
    )
    (home / "plan.yaml").write_text(text)
    result = CliRunner().invoke(app, ["validate", str(home / "plan.yaml")])
    assert isinstance(result.exception, PlanError)
    assert result.exception.exit_status == 2
    found = {problem.key: problem for problem in result.exception.problems}
    assert {key: problem.line for key, problem in found.items()} == {
        "data.source": 4,
        "design.notebook": 11,
        "training.source": 12,
        "testing.slices.0": 14,
        "testing.gates.0": 15,
    }
    assert all(problem.rule and problem.value and problem.remedy for problem in found.values())
    assert found["data.source"].remedy == "Did you mean 'houses.csv'?"
    assert found["design.notebook"].remedy == "Did you mean 'explore.ipynb'?"
    assert found["training.source"].remedy == "Did you mean 'ours.py'?"


def test_what_is_there_is_fine(home: Path) -> None:
    for source in ("ours.py", "ours", "''"):
        (home / "plan.yaml").write_text(PLAN + f"design: {{notebook: explore.ipynb}}\ntraining: {{source: {source}}}\n")
        result = CliRunner().invoke(app, ["validate", str(home / "plan.yaml")])
        assert result.exit_code == 0, result.exception
        assert "fine (houses: predict price, regression)" in result.output


def test_columns_are_held_against_the_header(home: Path) -> None:
    (home / "houses.csv").write_text("Rooms,price,age\n")
    found = problems(home, PLAN)
    assert {key: problem.line for key, problem in found.items()} == {
        "data.columns": 7,
        "data.columns.rooms": 8,
        "data.columns.street": 9,
    }
    assert found["data.columns.rooms"].remedy == "Did you mean 'Rooms'?"
    assert "'age'" in found["data.columns"].value
    assert "'Rooms'" in found["data.columns"].value


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"rooms;street;price\n", "data.delimiter"),
        ("rooms,street,price\n".encode("utf-16"), "data.encoding"),
        (b"rooms,street,price,rooms\n", "data.source"),
        (b"", "data.source"),
        (b"<!doctype html><html></html>", "data.source"),
    ],
)
def test_a_table_that_cannot_be_read_is_a_problem_beside_others(home: Path, content: bytes, key: str) -> None:
    (home / "houses.csv").write_bytes(content)
    found = problems(home, PLAN + "training: {source: gone.py}\n")
    assert set(found) == {key, "training.source"}
    assert found[key].rule
    assert "but got" not in str(found[key])


def test_types_of_a_parquet_file_are_held_against_the_kinds(home: Path) -> None:
    columns = {"rooms": pa.list_(pa.int8()), "street": pa.string(), "price": pa.timestamp("s")}
    pq.write_table(pa.schema(columns).empty_table(), home / "houses.parquet")
    found = problems(home, PLAN.replace("houses.csv", "houses.parquet"))
    assert set(found) == {"data.columns.rooms.kind", "data.columns.price.kind"}


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("book.ipynb", "{}", "must be a Jupyter notebook"),
        ("book.ipynb", "rooms,price\n", "must be a Jupyter notebook"),
        ("model.py", "def build(): ...\n", "must define build_model"),
        ("model.py", "def build_model(:\n", "must be Python"),
        ("model.txt", "build_model", "must be a Python file"),
    ],
)
def test_a_file_that_is_something_else_is_named(home: Path, name: str, content: str, rule: str) -> None:
    (home / name).write_text(content)
    section = f"design: {{notebook: {name}}}\n" if name.endswith("ipynb") else f"training: {{source: {name}}}\n"
    (problem,) = problems(home, PLAN + section).values()
    assert problem.rule.startswith(rule)
    assert problem.line == 11


def test_the_source_of_a_foreign_model_defines_train(home: Path) -> None:
    text = PLAN + "training: {framework: onnx, source: ours.py, settings: {trees: 3}}\n"
    (problem,) = problems(home, text).values()
    assert problem.rule == "must define train(dataset, settings)"
    (home / "ours.py").write_text("def train(dataset, settings): ...\n")
    assert inspect_plan(home / "plan.yaml").training.settings == {"trees": 3}


def test_settings_of_the_built_in_network_are_checked_but_not_those_of_an_own_model(home: Path) -> None:
    text = PLAN + (
        "training: {model: network, settings: {widht: 3, dropout: 2}}\n"
        "tuning: {space: {depth: {low: 1, high: 99, integer: true}, wdth: {low: 1, high: 2}, width: {choices: [8]}}}\n"
    )
    found = problems(home, text)
    assert {key: problem.line for key, problem in found.items()} == {
        "training.settings.widht": 11,
        "training.settings.dropout": 11,
        "tuning.space.depth": 12,
        "tuning.space.wdth": 12,
    }
    assert found["tuning.space.wdth"].remedy == "Did you mean 'width'?"
    (home / "plan.yaml").write_text(text.replace("training: {", "training: {source: ours.py, "))
    assert inspect_plan(home / "plan.yaml").name == "houses"


def test_where_several_kinds_are_tried_a_setting_begins_with_its_kind(home: Path) -> None:
    text = PLAN + (
        "training: {settings: {trees.leaves: 15, network.dropout: 2, width: 8}}\n"
        "tuning: {space: {linear.penalty: {low: 1, high: 9}, tree.leaves: {choices: [7]}}}\n"
    )
    found = problems(home, text)
    assert set(found) == {"training.settings.network.dropout", "training.settings.width", "tuning.space.tree.leaves"}
    assert "trees.width or network.width" in found["training.settings.width"].remedy


@pytest.mark.parametrize(
    ("training", "tuning", "named"),
    [
        ("{}", "{sampler: grid}", "`tuning.space.linear.penalty`"),
        ("{model: network}", "{sampler: grid}", "`tuning.space.learning_rate`"),
        ("{source: ours.py}", "{sampler: grid, space: {rate: {low: 0, high: 1}}}", "`tuning.space.rate`"),
        ("{source: ours.py}", "{sampler: cmaes, space: {kind: {choices: [a, b]}}}", "at least two settings"),
        ("{source: ours.py}", "{sampler: grid, trials: 0, space: {rate: {low: 0, high: 1}}}", ""),
        ("{source: ours.py}", "{sampler: grid, space: {rate: {low: 0, high: 1, step: 0.5}}}", ""),
    ],
)
def test_a_sampler_that_cannot_search_the_space_is_refused_before_anything_runs(
    home: Path, training: str, tuning: str, named: str
) -> None:
    (home / "ours.py").write_text("def build_model(signature): ...\n")
    found = problems(home, PLAN + f"training: {training}\ntuning: {tuning}\n") if named else {}
    assert list(found) == ["tuning.sampler"] * bool(named)
    assert all(named in problem.rule for problem in found.values())
    if not named:
        (home / "plan.yaml").write_text(PLAN + f"training: {training}\ntuning: {tuning}\n")
        assert inspect_plan(home / "plan.yaml").name == "houses"


@pytest.mark.parametrize(
    ("start", "key"),
    [
        ("{study: runs/houses/1}", "tuning.warm_start.study"),
        ("{study: runs/houses/1, settings: [{linear.penalty: 1}]}", "tuning.warm_start.study"),
        ("{study: 'sha256:0'}", "tuning.warm_start.study"),
        ("{settings: [{linear.penalty: 1}, {width: 8}]}", "tuning.warm_start.settings.1.width"),
        ("{settings: [{network.dropout: 7}]}", "tuning.warm_start.settings.0.network.dropout"),
        ("{settings: [{linear.penalty: 1}]}", ""),
        ("{study: 's3://bucket/runs/1/study'}", ""),
    ],
)
def test_a_warm_start_is_checked_before_anything_runs(home: Path, start: str, key: str) -> None:
    text = PLAN + f"tuning: {{warm_start: {start}}}\n"
    if key:
        assert list(problems(home, text)) == [key]
    else:
        (home / "plan.yaml").write_text(text)
        assert inspect_plan(home / "plan.yaml").tuning.warm_start.trials == 3


@pytest.mark.parametrize("source", ["s3://bucket/houses.csv", "https://example.org/houses.csv"])
def test_a_table_elsewhere_is_not_fetched(home: Path, source: str) -> None:
    (home / "plan.yaml").write_text(PLAN.replace("houses.csv", f"'{source}'"))
    assert inspect_plan(home / "plan.yaml").data.source == source


def test_every_file_of_a_table_is_checked(home: Path) -> None:
    (home / "plan.yaml").write_text(PLAN.replace("houses.csv", "'parts/*.csv'"))
    with pytest.raises(PlanError, match="A pattern must match a file"):
        inspect_plan(home / "plan.yaml")
    (home / "parts").mkdir()
    rows = (home / "houses.csv").read_bytes()
    for name in ("1.csv", "2.csv"):
        (home / "parts" / name).write_bytes(rows)
    assert inspect_plan(home / "plan.yaml").data.source == "parts/*.csv"
    (home / "parts" / "2.csv").write_text("z\n1\n")
    with pytest.raises(PlanError, match=r"2\.csv"):
        inspect_plan(home / "plan.yaml")


def test_with_another_table_the_plans_own_need_not_be_there(home: Path) -> None:
    (home / "plan.yaml").write_text(PLAN.replace("houses.csv", "gone.csv"))
    assert inspect_plan(home / "plan.yaml", table=False)


def test_every_file_that_a_pattern_names_is_checked(home: Path) -> None:
    (home / "parts").mkdir()
    text = PLAN.replace("houses.csv", "parts/*.csv")
    assert set(problems(home, text)) == {"data.source"}
    for number, header in enumerate(["rooms,street,price", "rooms,price", "price,rooms"]):
        (home / f"parts/{number}.csv").write_text(header + "\n")
    found = problems(home, text)
    assert set(found) == {"data.columns.street"}
    assert "1.csv" in found["data.columns.street"].rule


def test_a_folder_of_the_right_name_is_not_what_is_meant(home: Path) -> None:
    (home / "history.json").mkdir()
    wrong = problems(home, PLAN + "refine: {recipe: history.json}\n")["refine.recipe"]
    assert (wrong.value, wrong.remedy[:16]) == ("the folder 'history.json'", "Correct the path")


def test_a_folder_is_no_table(home: Path) -> None:
    assert problems(home, PLAN.replace("houses.csv", "ours"))["data.source"].value == "the folder 'ours'"
