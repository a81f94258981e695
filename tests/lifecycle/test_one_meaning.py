"""One table in many containers and protocols: one plan, one dataset, one set of predictions, and no drift."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.design.propose import propose_plan
from sevenfold.monitoring.batch import count_feeds, drift_of_table
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.preparation.prepare import prepare
from sevenfold.scoring.feeds import Feeds, feeds_from_table
from sevenfold.scoring.raw_table import read_raw_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.model import ServedModel
from sevenfold.serving.predictor.v1 import read_v1
from sevenfold.serving.predictor.v2 import read_v2
from sevenfold.training.train import train

ROWS = 600
WORK = ["private", "state", "?", " self ", ""]


def make_rows() -> list[dict[str, Any]]:
    """Rows as a person would write them: texts with a sign for missing, flags as letters, prices with one digit."""
    random = np.random.default_rng(3)
    start = datetime(2024, 1, 1, 6, tzinfo=UTC)
    rows = []
    for index in range(ROWS):
        price = int(random.integers(1, 10)) / 10
        flag = "Y" if random.random() < 0.4 else "N"
        work = WORK[int(random.integers(0, len(WORK)))]
        late = price > 0.5 if random.random() < 0.7 else flag == "Y"
        rows.append(
            {
                "ticket": f"T{index:05d}",
                "price": price,
                "amount": None if index % 9 == 0 else Decimal(int(random.integers(0, 100_000))).scaleb(-2),
                "count": None if index % 11 == 0 else int(random.integers(0, 40)),
                "flag": flag,
                "workclass": work,
                "day": (start + timedelta(days=int(random.integers(0, 300)))).date(),
                "moment": start + timedelta(minutes=37 * index),
                "late": "yes" if late else "no",
            }
        )
    return rows


def frame_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows with each column of its natural type; amounts as float64."""
    return pl.DataFrame(rows).with_columns(
        pl.col("amount").cast(pl.Float64), pl.col("moment").dt.convert_time_zone("UTC")
    )


def csv_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return frame_of(rows).with_columns(pl.col("moment").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))


def write_csv(path: Path, rows: list[dict[str, Any]], encoding: str = "utf-8", **options: Any) -> None:
    path.write_bytes(csv_frame(rows).write_csv(**options).encode(encoding))


def write_packed(path: Path, rows: list[dict[str, Any]], codec: str) -> None:
    with pa.CompressedOutputStream(str(path), codec) as stream:
        stream.write(csv_frame(rows).write_csv().encode())


def write_parquet(path: Path, rows: list[dict[str, Any]], **casts: Any) -> None:
    pl.DataFrame.write_parquet(
        frame_of(rows).with_columns(pl.col(name).cast(kind) for name, kind in casts.items()), path
    )


def write_arrow(path: Path, rows: list[dict[str, Any]], **types: pa.DataType) -> None:
    table = frame_of(rows).to_arrow()
    for name, kind in types.items():
        at = table.schema.get_field_index(name)
        values = pa.array([row[name] for row in rows], kind) if pa.types.is_decimal(kind) else table[name].cast(kind)
        table = table.set_column(at, name, values)
    pq.write_table(table, path)


def write_pandas(path: Path, rows: list[dict[str, Any]]) -> None:
    frame = frame_of(rows).to_pandas()
    kinds = {"price": "Float64", "count": "Int64", "flag": "string", "workclass": "category"}
    frame.astype(kinds).to_parquet(path, index=False)


Write = Callable[[Path, list[dict[str, Any]]], None]
CONTAINERS: dict[str, Write] = {
    "plain.csv": write_csv,
    "quoted.tsv": lambda path, rows: write_csv(path, rows, separator="\t", quote_style="always"),
    "semicolon.csv": lambda path, rows: write_csv(path, rows, separator=";"),
    "windows.csv": lambda path, rows: write_csv(path, rows, line_terminator="\r\n"),
    "utf16.csv": lambda path, rows: write_csv(path, rows, encoding="utf-16"),
    "packed.csv.gz": lambda path, rows: write_packed(path, rows, "gzip"),
    "packed.csv.zst": lambda path, rows: write_packed(path, rows, "zstd"),
    "float64.parquet": write_parquet,
    "float32.parquet": lambda path, rows: write_parquet(path, rows, price=pl.Float32),
    "decimal.parquet": lambda path, rows: write_arrow(path, rows, amount=pa.decimal128(9, 2)),
    "wide_decimal.parquet": lambda path, rows: write_arrow(path, rows, amount=pa.decimal256(60, 2)),
    "dictionary.parquet": lambda path, rows: write_arrow(path, rows, workclass=pa.dictionary(pa.int8(), pa.string())),
    "pandas.parquet": write_pandas,
    "small.parquet": lambda path, rows: write_parquet(path, rows, count=pl.Int8),
    "seconds.parquet": lambda path, rows: write_arrow(path, rows, moment=pa.timestamp("s", "UTC")),
    "milliseconds.parquet": lambda path, rows: write_arrow(path, rows, moment=pa.timestamp("ms", "Europe/Berlin")),
    "nanoseconds.parquet": lambda path, rows: write_arrow(path, rows, moment=pa.timestamp("ns", "UTC")),
    "day_as_moment.parquet": lambda path, rows: write_arrow(path, rows, day=pa.timestamp("us")),
    "large.parquet": lambda path, rows: write_arrow(path, rows, workclass=pa.large_string(), flag=pa.string_view()),
}
NARROW = {"float32.parquet"}  # 0.1 as float32 is another number


@dataclass(frozen=True)
class Origin:
    """The table as CSV, and what was made of it."""

    rows: list[dict[str, Any]]
    dataset: Dataset
    bundle: Bundle
    training: list[dict[str, Any]]

    @property
    def scorer(self) -> Scorer:
        return Scorer(self.bundle.model_path, self.bundle.signature)

    def probabilities(self, feeds: Feeds) -> np.ndarray:
        probabilities = self.scorer.predict(feeds).probabilities
        assert probabilities is not None
        return probabilities


def prepared(path: Path, folder: Path) -> tuple[Any, Dataset]:
    plan = propose_plan(path, "late").plan
    prepare(path, plan.data, plan.preparation, folder, max_features=50)
    return plan, Dataset.open(folder)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    folder, rows = tmp_path_factory.mktemp("origin"), make_rows()
    write_csv(folder / "plain.csv", rows)
    plan, dataset = prepared(folder / "plain.csv", folder / "dataset")
    section = plan.training.replaced(max_epochs=3)
    train(folder / "dataset", None, section, "roc_auc", folder / "bundle", name="one", digests={})
    chosen = set(dataset.table("train", ["ticket"])["ticket"].to_pylist())
    return Origin(rows, dataset, Bundle.open(folder / "bundle"), [row for row in rows if row["ticket"] in chosen])


@pytest.mark.parametrize("name", CONTAINERS)
def test_one_plan_and_one_dataset(name: str, origin: Origin, tmp_path: Path) -> None:
    CONTAINERS[name](tmp_path / name, origin.rows)
    plan, dataset = prepared(tmp_path / name, tmp_path / "dataset")
    schema = plan.data.columns
    for column, known in origin.dataset.schema.columns.items():
        assert schema[column].kind == known.kind, column
        assert schema[column].role == known.role, column
    assert set(plan.data.missing) == {"", "?"}
    for split in ("train", "validation", "test"):
        expected, made = pl.from_arrow(origin.dataset.table(split)), pl.from_arrow(dataset.table(split))
        assert isinstance(made, pl.DataFrame)
        if name in NARROW:
            made = made.with_columns(pl.col("price").round(6))
        assert made.equals(expected.select(made.columns)), split


@pytest.mark.parametrize("name", CONTAINERS)
def test_one_set_of_predictions_and_no_drift(name: str, origin: Origin, tmp_path: Path) -> None:
    CONTAINERS[name](tmp_path / name, origin.training)
    raw = read_raw_table(tmp_path / name, origin.bundle.signature)
    assert (raw.refused, raw.table.num_rows) == (0, len(origin.training))
    expected = feeds_from_table(origin.dataset.table("train"), origin.bundle.signature.inputs)
    made = feeds_from_table(raw.table, origin.bundle.signature.inputs)
    np.testing.assert_allclose(origin.probabilities(made), origin.probabilities(expected), atol=1e-6)
    reference = origin.bundle.reference()
    counts, window = drift_of_table(origin.bundle, raw.table, MonitoringSection())
    for feature, bins in reference.features.items():
        assert counts[feature].tolist() == list(bins.counts), feature
    assert not any(
        drift.drifted or drift.psi > 1e-9 for drift in window.features if drift.feature in reference.features
    )


def texts(row: dict[str, Any]) -> dict[str, Any]:
    """A row as JSON holds it."""
    amount = None if row["amount"] is None else float(row["amount"])
    return {**row, "amount": amount, "day": row["day"].isoformat(), "moment": row["moment"].isoformat()}


def as_v1(rows: list[dict[str, Any]]) -> tuple[bytes, bytes | None]:
    return orjson.dumps({"instances": [texts(row) for row in rows]}), None


def as_csv_texts(rows: list[dict[str, Any]]) -> tuple[bytes, bytes | None]:
    """Rows whose every value is the text that stood in the CSV."""
    read = pl.read_csv(csv_frame(rows).write_csv().encode(), infer_schema=False).fill_null("")
    return orjson.dumps({"instances": read.to_dicts()}), None


def tensors(rows: list[dict[str, Any]], number: str) -> list[dict[str, Any]]:
    columns = {name: [texts(row)[name] for row in rows] for name in texts(rows[0])}
    kinds = {"price": number, "amount": number, "count": "FP64"}
    return [
        {"name": name, "shape": [len(rows)], "datatype": kinds.get(name, "BYTES"), "data": values}
        for name, values in columns.items()
    ]


def as_v2(rows: list[dict[str, Any]]) -> tuple[bytes, bytes | None]:
    return orjson.dumps({"inputs": tensors(rows, "FP64")}), None


def binary(number: str) -> Callable[[list[dict[str, Any]]], tuple[bytes, bytes | None]]:
    def encode(rows: list[dict[str, Any]]) -> tuple[bytes, bytes | None]:
        raw, entries = b"", []
        for entry in tensors(rows, number):
            values = entry.pop("data")
            if entry["datatype"] == "BYTES":
                parts = [str(value).encode() for value in values]
                data = b"".join(struct.pack("<I", len(part)) + part for part in parts)
            else:
                kind = {"FP64": "<f8", "FP32": "<f4"}[entry["datatype"]]
                data = np.array([np.nan if value is None else value for value in values], dtype=kind).tobytes()
            entries.append({**entry, "parameters": {"binary_data_size": len(data)}})
            raw += data
        head = orjson.dumps({"inputs": entries})
        return head + raw, str(len(head)).encode()

    return encode


PROTOCOLS = {
    "V1": as_v1,
    "V1 with texts": as_csv_texts,
    "V2 JSON": as_v2,
    "V2 binary FP64": binary("FP64"),
    "V2 binary FP32": binary("FP32"),
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_gives_what_the_table_gave(name: str, origin: Origin) -> None:
    model = ServedModel.load(origin.bundle.folder)
    limits = Limits(max_batch=ROWS)
    body, header = PROTOCOLS[name](origin.training)
    feeds = (
        read_v1(body, model, limits)[0]
        if header is None and b'"instances"' in body[:20]
        else (read_v2(body, header, model, limits).feeds)
    )
    expected = feeds_from_table(origin.dataset.table("train"), origin.bundle.signature.inputs)
    np.testing.assert_allclose(origin.probabilities(feeds), origin.probabilities(expected), atol=1e-6)
    bins = origin.bundle.reference().features
    assert {key: counts.tolist() for key, counts in count_feeds(feeds, bins).items()} == {
        key: list(known.counts) for key, known in bins.items()
    }


def test_one_row_alone_is_read_as_among_others(origin: Origin) -> None:
    model, limits = ServedModel.load(origin.bundle.folder), Limits()
    for row in origin.training[:40]:
        alone = read_v1(as_v1([row])[0], model, limits)[0]
        two = read_v1(as_v1([row, row])[0], model, limits)[0]
        assert {name: values.tolist()[:1] for name, values in two.items() if values.dtype != float} == {
            name: values.tolist() for name, values in alone.items() if values.dtype != float
        }
        for name, values in alone.items():
            if values.dtype == float:
                np.testing.assert_array_equal(values, two[name][:1])
