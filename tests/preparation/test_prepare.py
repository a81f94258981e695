"""The dataset: fitted on training rows only, equal bytes for equal input, whole or absent."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import RobustScaler, StandardScaler

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, NumberFeature, Part
from sevenfold.plan import PreparationSection
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.report import preparation_report


def test_the_folder_is_a_sealed_dataset(tables):
    outcome = tables.outcome(tables.text(tables.rows()))
    dataset = Dataset.open(outcome.folder, digest=outcome.prepared.digest)
    assert sum(dataset.rows(name) for name in ("train", "validation", "test")) == 300
    assert dataset.schema.classes == ("no", "yes")  # the rarer class last
    train = dataset.table("train")
    kinds = {"id": pa.string(), "x": pa.float64(), "c": pa.string(), "y": pa.string()}
    assert {name: train.schema.field(name).type for name in train.schema.names} == kinds
    assert [feature.name for feature in dataset.transform().features] == ["c", "x"]
    assert list(dataset.reference().features) == ["c", "x"]
    assert dataset.reference().rows == dataset.rows("train")


def test_every_row_is_kept_or_refused_exactly_once(tables):
    body = tables.rows()
    body[3][1] = "bad"
    body[4].pop()
    body[5][3] = ""
    outcome = tables.outcome(tables.text(body), max_bad_fraction=0.1, max_unlabelled=0.1)
    kept = set(outcome.column("id"))
    assert kept == {str(number) for number in range(300)} - {"3", "4", "5"}
    assert [row for row, _, _ in outcome.refused] == [5, 6, 7]


def test_equal_input_gives_equal_bytes(tables):
    def digests():
        folder = tables.outcome(tables.text(tables.rows())).folder
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}

    assert digests() == digests()


@pytest.mark.parametrize("by", ["time", "stratified"])
@pytest.mark.parametrize("scaling", ["standard", "robust"])
def test_a_table_too_long_for_memory_gives_equal_bytes(tables, by, scaling, monkeypatch):
    body = [[*row, f"2024-01-{1 + at % 28:02}T{at % 24:02}:30Z"] for at, row in enumerate(tables.rows())]
    body[17][1], body[20][1] = "", "3.4e38"  # missing, and far from all others
    columns = {"when": {"kind": "datetime", "role": "time", "also_feature": True}}
    split = {"by": by, "column": "when" if by == "time" else ""}

    def digest():
        preparation = {"split": split, "scaling": scaling}
        return tables.outcome(tables.text(body, "id,x,c,y,when"), columns, preparation).prepared.digest

    usual = digest()
    for module in ("preparation.training_rows", "preparation.split_rows", "preparation.prepare", "tables.ordered"):
        monkeypatch.setattr(f"sevenfold.{module}.IN_MEMORY", 50)
    monkeypatch.setattr("sevenfold.tables.numbers.AT_ONCE", 64)
    monkeypatch.setattr("sevenfold.tables.order_statistics.MANY", 60)
    monkeypatch.setattr("sevenfold.tables.order_statistics.SAMPLE", 20)
    assert digest() == usual


@pytest.mark.parametrize("scaling", ["standard", "robust"])
@pytest.mark.parametrize("imputation", ["median", "mean"])
def test_numbers_are_fitted_as_scikit_learn_fits_them_on_the_training_rows(tables, scaling, imputation):
    body = tables.rows()
    for row in body[::11]:
        row[1] = ""
    outcome = tables.outcome(tables.text(body), preparation={"scaling": scaling, "imputation": imputation})
    (_, feature) = Dataset.open(outcome.folder).transform().features
    train = pq.read_table(outcome.folder / "train.parquet")["x"].to_numpy().reshape(-1, 1)
    imputer = SimpleImputer(strategy=imputation).fit(train)
    scaler = (StandardScaler() if scaling == "standard" else RobustScaler()).fit(train)  # both leave NaN out
    assert isinstance(feature, NumberFeature)
    assert feature.fill == pytest.approx(imputer.statistics_[0], rel=1e-12)
    center = scaler.mean_ if scaling == "standard" else scaler.center_
    assert (feature.center, feature.scale) == pytest.approx((center[0], scaler.scale_[0]), rel=1e-12)
    assert feature.indicator


def test_huge_numbers_do_not_overflow(tables):
    body = [[a, f"{float(x)}e306", c, y] for a, x, c, y in tables.rows()]
    (_, feature) = Dataset.open(tables.outcome(tables.text(body)).folder).transform().features
    assert np.isfinite([feature.center, feature.scale, feature.fill]).all()


def test_rare_categories_are_not_kept(tables):
    body = tables.rows()
    body[0][2] = body[1][2] = "once or twice"
    outcome = tables.outcome(tables.text(body))
    feature = Dataset.open(outcome.folder).transform().features[0]
    assert isinstance(feature, CategoryFeature)
    assert set(feature.levels) == {"a", "b", "c"}


def test_a_constant_column_is_dropped_and_told(tables):
    body = [[a, "5", c, y] for a, _, c, y in tables.rows()]
    outcome = tables.outcome(tables.text(body))
    assert list(Dataset.open(outcome.folder).schema.features) == ["c"]
    assert any("'x'" in text and "dropped" in text for text in outcome.prepared.warnings)
    assert outcome.column("x") == [5.0] * 300


def test_a_column_without_values_is_dropped(tables):
    body = [[a, "", c, y] for a, _, c, y in tables.rows()]
    assert list(Dataset.open(tables.outcome(tables.text(body)).folder).schema.features) == ["c"]


def test_a_table_without_any_use_is_refused(tables):
    body = [[a, "5", "a", y] for a, _, _, y in tables.rows()]
    assert tables.outcome(tables.text(body)).code == "no_features"


def test_dates_become_the_parts_that_training_can_teach(tables):
    body = [[a, f"2013-0{1 + n % 3}-{1 + n % 28:02}", c, y] for n, (a, _, c, y) in enumerate(tables.rows())]
    (_, feature) = (
        Dataset.open(tables.outcome(tables.text(body), {"x": {"kind": "datetime"}}).folder).transform().features
    )
    assert isinstance(feature, DatetimeFeature)
    assert feature.parts == (Part.WEEKDAY,)


def test_sensitive_columns_that_nothing_needs_are_left_out(tables):
    columns = {"id": {"kind": "category", "role": "identifier", "sensitive": True}}
    outcome = tables.outcome(tables.text(tables.rows()), columns)
    assert "id" not in pq.read_table(outcome.folder / "train.parquet").schema.names


def test_sensitive_values_are_not_in_the_quarantine(tables):
    outcome = tables.outcome(tables.changed("x", "secret"), {"x": {"kind": "number", "sensitive": True}})
    (row,) = pq.read_table(outcome.folder / "quarantine.parquet").to_pylist()
    assert row == {"row": 11, "column": "x", "code": "not_a_number", "value": None}


def test_label_forms(tables):
    labels = {"yes": "TRUE", "no": "0"}
    body = [[a, x, c, labels[y]] for a, x, c, y in tables.rows()]
    outcome = tables.outcome(tables.text(body), {"y": {"kind": "boolean", "role": "target"}}, positive="0")
    assert outcome.prepared.schema.classes == ("true", "false")
    body = [[a, x, c, str(int(a) * 7919 % 11)] for a, x, c, _ in tables.rows(900)]
    outcome = tables.outcome(tables.text(body), {"y": {"kind": "integer", "role": "target"}}, task="multiclass")
    assert outcome.prepared.schema.classes == tuple(str(number) for number in range(11))


def test_a_whole_number_is_predicted_as_a_number(tables):
    rows = [[str(i), f"{(i * 37) % 101 / 8}", "abc"[i % 3], str(i % 90)] for i in range(300)]
    columns = {"y": {"kind": "integer", "role": "target"}}
    outcome = tables.outcome(tables.text(rows), columns, task="regression")
    train = Dataset.open(outcome.folder).table("train")
    assert train.schema.field("y").type == pa.float64()
    assert sorted(outcome.column("y")) == sorted(float(i % 90) for i in range(300))


def test_a_folder_of_somebody_else_is_not_replaced(tables, tmp_path):
    other = tmp_path / "mine"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    (tables.folder / "t.csv").write_text(tables.text(tables.rows()))
    with pytest.raises(PolicyError):
        prepare(tables.folder / "t.csv", tables.section(), PreparationSection(), other)
    assert (other / "letter.txt").read_text() == "dear"


def test_a_table_that_is_not_there(tables, tmp_path):
    with pytest.raises(DataError) as caught:
        prepare(tmp_path / "none.csv", tables.section(), PreparationSection(), tmp_path / "out")
    assert caught.value.code == "missing_file"


def test_many_chunks_give_what_one_gives(tables, monkeypatch):
    body = tables.rows(2_000)
    body[7][2] = '"two\nlines"'
    body[1_500][1] = "bad"
    content = tables.text(body)
    whole = tables.outcome(content)
    values = whole.column("x"), whole.column("c"), whole.refused
    monkeypatch.setattr("sevenfold.tables.encoding.CHUNK_BYTES", 1_000)
    parts = tables.outcome(content)
    assert (parts.column("x"), parts.column("c"), parts.refused) == values
    assert parts.refused == [(1503, "x", "not_a_number")]


def test_the_report_tells_what_happened(tables):
    body = tables.rows()
    body[3][1] = "bad"
    body = [[a, x, c, y] for a, x, c, y in body]
    body[20][1] = ""
    outcome = tables.outcome(tables.text(body))
    report = preparation_report(outcome.prepared)
    content = report.model_dump_json()
    assert "299 of 300 rows" in report.headline
    assert "split at random: train" in report.headline
    assert "not_a_number" in content
    assert "Missing values" in content
    assert "Classes per split" in content


def test_the_component_writes_dataset_and_report(tables, tmp_path, capsys):
    import json

    from kfp import dsl

    from sevenfold.preparation.component import prepare_data

    path: Path = tables.folder / "t.csv"
    path.write_text(tables.text(tables.rows()))
    settings = json.dumps(
        {
            "data": tables.section().model_dump(mode="json"),
            "refine": {},
            "preparation": PreparationSection().model_dump(mode="json"),
            "max_features": 1,
        }
    )
    digest = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    outputs = (
        dsl.Dataset(uri=str(tmp_path / "dataset")),
        dsl.HTML(uri=str(tmp_path / "report.html")),
        dsl.Markdown(uri=str(tmp_path / "report.md")),
    )
    prepare_data.python_func(str(path), digest, settings, *outputs)
    assert list(Dataset.open(tmp_path / "dataset").reference().features) == ["c"]
    assert "300 of 300 rows" in (tmp_path / "report.md").read_text()
    with pytest.raises(SystemExit):
        prepare_data.python_func(str(path), "sha256:" + "0" * 64, settings, *outputs)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["code"] == "digest_mismatch"
