from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.reference import FeatureBins, Reference, smallest_alike
from sevenfold.contracts.schema import Column, Kind, Role, Schema, Task
from sevenfold.contracts.signature import Signature
from sevenfold.drift.bins import bin_of, build_reference, count_bins, out_of_range, prediction_values, with_prediction
from sevenfold.scoring.scorer import Prediction

FLOATS = st.lists(st.floats(allow_infinity=False), min_size=1, max_size=60).map(np.array)
NARROW = st.lists(st.floats(width=32, allow_infinity=False, allow_subnormal=False), min_size=1, max_size=60).map(
    np.array
)
NUMBER = st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda value: value == 0 or abs(value) > 1e-30)
TEXTS = st.lists(
    st.sampled_from(["", "a", "b", "c", "other", "unseen"])
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=2),
    max_size=80,
)


def reference_of(values: pa.Array, column: Column) -> FeatureBins:
    columns = {"f": column, "y": Column(kind=Kind.CATEGORY, role=Role.TARGET)}
    schema = Schema(task=Task.BINARY, target="y", classes=("0", "1"), columns=columns)
    return build_reference(pa.table({"f": values}), schema).features["f"]


def number_bins(values: np.ndarray, **options: bool) -> FeatureBins:
    return reference_of(pa.array(values), Column(kind=Kind.NUMBER, **options))


def objects(texts: list[str]) -> np.ndarray:
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


@given(NARROW, NARROW)
def test_numbers_are_counted_as_a_histogram_counts_them(training: np.ndarray, later: np.ndarray) -> None:
    bins = number_bins(training)
    present = later[~np.isnan(later)]
    expected, _ = np.histogram(present, [-np.inf, *bins.edges, np.inf])
    assert count_bins(bins, later).tolist() == [*expected, len(later) - len(present)]
    assert len(bins.names) <= 11
    assert list(bins.edges) == sorted(set(bins.edges))


@given(FLOATS)
def test_the_reference_counts_its_own_rows(training: np.ndarray) -> None:
    bins = number_bins(training)
    assert sum(bins.counts) == bins.rows == len(training)
    assert count_bins(bins, training).tolist() == list(bins.counts)
    assert out_of_range(bins, training) == 0
    assert len(set(bins.names)) == len(bins.names) == len(bins.counts)


@given(st.integers(0, 2**32 - 1))
def test_continuous_numbers_fall_evenly(seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(size=1_000)
    assert number_bins(values).counts == (100,) * 10 + (0,)


@pytest.mark.parametrize(
    ("values", "names", "counts"),
    [
        ([0.0, 1.0, 1.0], ["below 1", "1 and above", "missing"], [1, 2, 0]),
        ([5.0, 5.0, np.nan], ["any", "missing"], [2, 1]),
        ([np.nan], ["any", "missing"], [0, 1]),
        ([1.0, 2.0, 3.5], ["below 2", "2 to 3.5", "3.5 and above", "missing"], [1, 1, 1, 0]),
    ],
)
def test_few_distinct_numbers_have_a_bin_each(values: list[float], names: list[str], counts: list[int]) -> None:
    bins = number_bins(np.array(values))
    assert list(bins.names) == names
    assert list(bins.counts) == counts


def test_names_of_close_edges_differ() -> None:
    bins = number_bins(np.array([1.0, 1.0000001, 1.0000002, 1.0000003]))
    assert len(set(bins.names)) == 5


@given(TEXTS, TEXTS)
def test_texts_are_counted_by_level(training: list[str], later: list[str]) -> None:
    bins = reference_of(pa.array(training * 4, pa.string()), Column(kind=Kind.CATEGORY))
    # a text is refined before it is a level, so the table's texts count as they are
    seen = Counter(training * 4)
    known = [level for level, count in seen.items() if level and count >= 10]
    assert set(bins.levels) == set(known)
    top = sorted(known, key=lambda level: (-seen[level], level))[:10]
    expected = [later.count(level) for level in top]
    expected.append(sum(text in known and text not in top for text in later))
    expected.append(sum(text not in known and text != "" for text in later))
    expected.append(later.count(""))
    assert count_bins(bins, objects(later)).tolist() == expected
    assert sum(bins.counts) == 4 * len(training)
    assert len(set(bins.names)) == len(bins.names) == len(bins.counts)


def test_a_category_seen_fewer_than_ten_times_is_not_stored() -> None:
    bins = reference_of(pa.array(["often"] * 10 + ["seldom"] * 9), Column(kind=Kind.CATEGORY))
    assert "seldom" not in bins.model_dump_json()
    assert dict(zip(bins.names, bins.counts, strict=True)) == {"often": 10, "other": 0, "unseen": 9, "missing": 0}


def test_a_column_of_many_levels_stays_small() -> None:
    texts = [f"level number {index:05d}" for index in range(2_000) for _ in range(10)]
    bins = reference_of(pa.array(texts), Column(kind=Kind.CATEGORY))
    assert len(bins.model_dump_json().encode()) < 16_384
    assert sum(bins.counts) == 20_000


@pytest.mark.parametrize("kind", [Kind.NUMBER, Kind.CATEGORY])
def test_bins_of_a_sensitive_feature_are_numbered(kind: Kind) -> None:
    values = pa.array([float(index) + 0.25 for index in range(100)])
    if kind is Kind.CATEGORY:
        values = pa.array(["Jane"] * 20 + ["John"] * 10)
    bins = reference_of(values, Column(kind=kind, sensitive=True))
    assert not any(char in name for name in bins.names for char in ".J")
    assert bins.names[0] in ("bin 1", "level 1")
    assert bins.low is None
    assert bins.high is None
    assert count_bins(bins, np.array([0.25]) if kind is Kind.NUMBER else objects(["Jane"]))[0] == 1


HOURS = st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), min_size=2)


@given(HOURS)
def test_dates_are_counted_by_hour_or_weekday(moments: list[datetime]) -> None:
    days = [moment.replace(hour=0, minute=0, second=0, microsecond=0) for moment in moments]
    column = Column(kind=Kind.DATETIME)
    with_time = [*moments, datetime(2000, 1, 1, 12, 30, tzinfo=UTC), None]
    by_hour = reference_of(pa.array(with_time, pa.timestamp("us", "UTC")), column)
    expected = Counter(moment.hour // 3 if moment else 8 for moment in with_time)
    assert by_hour.kind == "hour"
    assert by_hour.counts == tuple(expected[index] for index in range(9))
    by_day = reference_of(pa.array([*days, None], pa.timestamp("us", "UTC")), column)
    expected = Counter(day.weekday() for day in days)
    assert by_day.kind == "weekday"
    assert by_day.counts == (*(expected[index] for index in range(7)), 1)
    at = np.array([(days[0] - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)])
    assert bin_of(by_day, at[0]) == days[0].weekday()
    assert count_bins(by_day, at, np.array([True])).tolist() == [0] * 7 + [1]


@given(FLOATS, FLOATS, st.integers(0, 60))
def test_counts_of_shards_add_up(training: np.ndarray, later: np.ndarray, cut: int) -> None:
    bins = number_bins(training)
    parts = count_bins(bins, later[:cut]) + count_bins(bins, later[cut:])
    assert parts.tolist() == count_bins(bins, later).tolist()
    one_by_one = sum(count_bins(bins, later[index : index + 1]) for index in range(len(later)))
    assert one_by_one.tolist() == parts.tolist()


@given(TEXTS, TEXTS)
def test_counts_of_single_texts_add_up(training: list[str], later: list[str]) -> None:
    bins = reference_of(pa.array(training * 5, pa.string()), Column(kind=Kind.CATEGORY))
    alone = np.zeros(len(bins.names), dtype=np.int64)
    for text in later:
        alone += count_bins(bins, objects([text]))
        assert count_bins(bins, objects([text]))[bin_of(bins, text)] == 1
    assert alone.tolist() == count_bins(bins, objects(later)).tolist()


@given(NARROW, NARROW)
def test_what_no_training_row_came_near_is_out_of_range(training: np.ndarray, later: np.ndarray) -> None:
    bins = number_bins(training)
    present = training[~np.isnan(training)]
    low, high = (present.min(), present.max()) if len(present) else (-np.inf, np.inf)
    expected = sum(value < low or value > high for value in later.tolist())
    assert out_of_range(bins, later) == expected
    assert sum(out_of_range(bins, later[index : index + 1]) for index in range(len(later))) == expected


def test_no_values_give_zero_counts() -> None:
    for bins in (number_bins(np.array([1.0, 2.0])), reference_of(pa.array(["a"] * 10), Column(kind=Kind.CATEGORY))):
        empty = np.zeros(0) if bins.kind == "number" else objects([])
        assert count_bins(bins, empty).tolist() == [0] * len(bins.names)
        assert count_bins(bins, empty).dtype == np.int64


def test_the_first_features_are_watched_and_json_keeps_them() -> None:
    columns = {f"f{index}": Column(kind=Kind.NUMBER) for index in range(4)}
    schema = Schema(
        task=Task.REGRESSION, target="y", columns={"y": Column(kind=Kind.NUMBER, role=Role.TARGET), **columns}
    )
    table = pa.table({name: [1.0, 2.0] for name in ["y", *columns]})
    reference = build_reference(table, schema, max_features=2)
    assert list(reference.features) == ["f0", "f1"]
    assert reference.rows == 2
    assert Reference.model_validate_json(reference.model_dump_json()) == reference


def _with(task: Task, classes: tuple[str, ...], prediction: Prediction) -> FeatureBins:
    signature = Signature(task=task, target="y", classes=classes, inputs={})
    bins = with_prediction(Reference(rows=0, features={}), signature, prediction).prediction
    assert bins is not None
    assert count_bins(bins, prediction_values(signature, prediction)).tolist() == list(bins.counts)
    return bins


def test_predictions_of_each_task_have_bins() -> None:
    positive = np.linspace(0.0, 1.0, 100, dtype=np.float32)
    binary = _with(Task.BINARY, ("n", "y"), Prediction(probabilities=np.stack([1 - positive, positive], axis=1)))
    assert binary.counts == (10,) * 10 + (0,)
    labels = objects(["b", "a", "b", "c"])
    multiclass = _with(Task.MULTICLASS, ("a", "b", "c"), Prediction(labels=labels, probabilities=np.ones((4, 3)) / 3))
    assert dict(zip(multiclass.names, multiclass.counts, strict=True)) == {
        "a": 1, "b": 2, "c": 1, "other": 0, "unseen": 0, "missing": 0,
    }  # fmt: skip
    regression = _with(Task.REGRESSION, (), Prediction(values=np.arange(1_000.0)))
    assert regression.counts == (100,) * 10 + (0,)
    assert regression.high == 999.0


def test_more_classes_than_bins_share_one() -> None:
    classes = tuple(f"class {index}" for index in range(13))
    bins = _with(Task.MULTICLASS, classes, Prediction(labels=objects(list(classes)), probabilities=np.ones((13, 13))))
    assert bins.counts == (1,) * 10 + (3, 0, 0)


@given(st.lists(NUMBER, min_size=1, max_size=60))
def test_a_number_falls_into_the_bin_of_its_float32(values: list[float]) -> None:
    training = np.array(values)
    bins = number_bins(training)
    narrow = training.astype(np.float32).astype(np.float64)
    assert count_bins(bins, narrow).tolist() == list(bins.counts)
    assert [bin_of(bins, value) for value in narrow] == [bin_of(bins, value) for value in training]
    assert out_of_range(bins, narrow) == 0


@given(NUMBER, NUMBER)
def test_an_edge_is_where_float32_says_it_is(edge: float, value: float) -> None:
    for near in (value, edge, np.nextafter(edge, np.inf), np.nextafter(edge, -np.inf), float(np.float32(edge))):
        if edge != 0:
            assert (near >= smallest_alike(edge)) == (np.float32(near) >= np.float32(edge))


@pytest.mark.parametrize("edge", [0.0, 1e-300, -1e-300, 1e300, 5e-324])
def test_an_edge_that_no_float32_is_near_to_stays(edge: float) -> None:
    assert smallest_alike(edge) == edge


def test_predictions_that_differ_by_their_inputs_width_share_a_bin() -> None:
    signature = Signature(task=Task.REGRESSION, target="y", inputs={})
    values = np.repeat(np.linspace(0.1, 0.9, 9), 40)
    reference = with_prediction(Reference(rows=360, features={}), signature, Prediction(values=values))
    assert reference.prediction is not None
    for nudge in (1e-7, -1e-7):
        assert count_bins(reference.prediction, values * (1 + nudge)).tolist() == list(reference.prediction.counts)
