"""A table compared with a bundle's training rows, as `sevenfold drift` does."""

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.errors import DataError, InputError, IntegrityError
from sevenfold.monitoring.batch import drift_of_table, drift_report
from sevenfold.plan.monitoring import MonitoringSection


def save(folder, table: pa.Table):
    pq.write_table(table, folder / "rows.parquet")
    return folder / "rows.parquet"


def test_rows_like_those_of_training_have_not_drifted(sample, table, tmp_path):
    report = drift_report(sample.bundle.folder, save(tmp_path, table(3_000, 77)))
    assert report.level == "good"
    assert report.headline.startswith("No drift")


def test_one_drifted_table_is_drift_and_names_what_moved(sample, table, tmp_path):
    report = drift_report(sample.bundle.folder, save(tmp_path, table(3_000, 78, carrier=0.15)))
    assert report.level == "warning"
    assert "1 feature moved, carrier" in report.headline
    text = report.model_dump_json()
    assert "“UA” went from 5" in text


def test_every_feature_is_read_on_a_phone_too(sample, table, tmp_path):
    pq.write_table(table(2_000, 22, wind=1.0), tmp_path / "moved.parquet")
    tables = [
        block
        for block in drift_report(sample.bundle.folder, tmp_path / "moved.parquet").blocks
        if block.block == "table"
    ]
    assert [block.stacked for block in tables if block.title == "Every feature at its worst"] == [True]


def test_too_few_rows_are_no_verdict(sample, table, tmp_path):
    report = drift_report(sample.bundle.folder, save(tmp_path, table(50, 79, wind=3)))
    assert report.level == "info"


def test_chunks_make_no_difference(sample, table, monkeypatch):
    rows, section = table(1_001, 80), MonitoringSection()
    bundle = Bundle.open(sample.bundle.folder)
    whole, verdict = drift_of_table(bundle, rows, section)
    monkeypatch.setattr("sevenfold.monitoring.batch.CHUNK", 97)
    parts, same = drift_of_table(bundle, rows, section)
    assert {name: counts.tolist() for name, counts in parts.items()} == {n: c.tolist() for n, c in whole.items()}
    assert same == verdict
    assert all(counts.sum() == 1_001 for counts in whole.values())


def test_a_table_that_is_missing_unreadable_or_empty_is_refused(sample, table, tmp_path):
    for make, code in (
        (lambda path: None, "no_such_file"),
        (lambda path: path.write_bytes(b"PAR1 and no more"), "not_parquet"),
        (lambda path: pq.write_table(table(5, 1).slice(0, 0), path), "no_rows"),
    ):
        make(tmp_path / "t.parquet")
        with pytest.raises(DataError) as caught:
            drift_report(sample.bundle.folder, tmp_path / "t.parquet")
        assert caught.value.code == code


def test_a_column_that_is_missing_is_named(sample, table, tmp_path):
    with pytest.raises(InputError) as caught:
        drift_report(sample.bundle.folder, save(tmp_path, table(300, 1).drop_columns(["wind"])))
    assert caught.value.field == "wind"


def test_a_bundle_that_was_changed_is_refused(sample, table, tmp_path):
    with pytest.raises(IntegrityError):
        drift_report(tmp_path, save(tmp_path, table(300, 1)))


def save_months(folder, table, winds):
    """Write a table a month, each with the mean of wind moved by so many deviations; return the paths."""
    paths = []
    for month, wind in enumerate(winds, start=1):
        path = folder / f"month-{month}.parquet"
        pq.write_table(table(1_500, 90 + month, month=month, wind=wind), path)
        paths.append(path)
    return paths


@pytest.mark.parametrize(
    ("winds", "level"),
    [((0, 1, 0), "good"), ((0, 1, 0, 1), "warning"), ((1, 0, 0, 1), "good"), ((1,), "warning"), ((1, 0), "good")],
)
def test_several_tables_raise_an_alarm_as_windows_do(sample, table, tmp_path, winds, level):
    report = drift_report(sample.bundle.folder, *save_months(tmp_path, table, winds))
    assert report.level == level
    if len(winds) > 1 and level == "warning":
        assert "(since month-2.parquet)" in report.headline


def test_a_table_as_csv_is_the_table_as_parquet(sample, table, tmp_path):
    rows = table(2_000, 95, wind=0.3).drop_columns(["when"])
    parquet = save(tmp_path, rows)
    pa.csv.write_csv(rows, tmp_path / "rows.csv")
    as_csv, as_parquet = (
        [block.model_dump_json() for block in drift_report(sample.bundle.folder, path).blocks if block.block != "chart"]
        for path in (tmp_path / "rows.csv", parquet)
    )
    assert [block.replace("rows.csv", parquet.name) for block in as_csv] == as_parquet
    assert any("wind" in block for block in as_csv)


def test_the_same_table_twice_is_refused(sample, table, tmp_path):
    first, second = save(tmp_path, table(300, 1)), tmp_path / "again.parquet"
    second.write_bytes(first.read_bytes())
    with pytest.raises(DataError, match="again") as caught:
        drift_report(sample.bundle.folder, first, second)
    assert caught.value.code == "same_table"


def test_tables_of_the_same_name_are_named_by_their_paths(sample, table, tmp_path):
    paths = []
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        paths.append(save(tmp_path / str(number), table(500, number, wind=1)))
    report = drift_report(sample.bundle.folder, *paths)
    assert f"(since {paths[0]})" in report.headline


def test_the_limits_are_those_asked_for(sample, table, tmp_path):
    rows = save(tmp_path, table(3_000, 78, carrier=0.15))
    lax = MonitoringSection(psi=2, share=0.5)
    assert drift_report(sample.bundle.folder, rows, section=lax).level == "good"
