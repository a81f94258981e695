"""Rows compared as a whole with a dataset's, in a report that says it in words."""

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.monitoring.batch import drift_report
from sevenfold.monitoring.subtle.card import row_record
from sevenfold.monitoring.subtle.rows import RowComparer, drifted_since
from sevenfold.plan.monitoring import MonitoringSection

SECTION = MonitoringSection()


def saved(folder, table, name="rows"):
    path = folder / f"{name}.parquet"
    pq.write_table(table, path)
    return path


def findings(report):
    return [finding for block in report.blocks if block.block == "findings" for finding in block.findings]


def test_a_joint_shift_is_drift_that_no_single_feature_shows(binary, rows, tmp_path):
    path = saved(tmp_path, rows(2_000, 7, together=0.7))
    assert drift_report(binary.bundle.folder, path).level == "good"
    report = drift_report(binary.bundle.folder, path, dataset=binary.dataset.folder)
    assert report.level == "warning"
    assert report.headline.startswith("Feature by feature, the 2,000 rows")
    assert report.headline.endswith("Taken as a whole, the rows differ from the training rows.")
    warning = findings(report)[0].text
    assert "how they go together" in warning
    assert "It goes by gust, wind." in warning


def test_the_same_rows_are_alike_and_the_accuracy_is_foretold(binary, rows, tmp_path):
    table = rows(3_000, 8)
    report = drift_report(binary.bundle.folder, saved(tmp_path, table), dataset=binary.dataset.folder)
    assert report.level == "good"
    alike, foretold = findings(report)
    assert alike.text.startswith("Rows as a whole are like the training rows")
    assert "only labels show that" in foretold.text
    comparer = RowComparer(binary.dataset, binary.bundle, SECTION)
    assert comparer.check is not None
    assert comparer.check.holds
    expected = comparer.compare("w", table).scores["accuracy"]
    labels = comparer._scorer.predict(comparer._feeds(table)).labels
    assert expected.low <= (labels == table["y"].to_numpy(zero_copy_only=False)).mean() <= expected.high


def test_rows_far_from_the_training_rows_are_foretold_with_a_warning(binary, rows, tmp_path):
    path = saved(tmp_path, rows(2_000, 9, spread=6))
    report = drift_report(binary.bundle.folder, path, dataset=binary.dataset.folder)
    assert any("not to be trusted" in finding.text for finding in findings(report))


def test_windows_raise_an_alarm_as_single_features_do(binary, rows):
    comparer = RowComparer(binary.dataset, binary.bundle, SECTION)
    moved = [0, 0.7, 0, 0.7]
    windows = [comparer.compare(str(at), rows(1_500, 20 + at, together=one)) for at, one in enumerate(moved)]
    few = comparer.compare("few", rows(199, 30, together=0.7))
    assert few.separation is None
    assert drifted_since(windows[:3], SECTION) == ""
    assert drifted_since([*windows[:2], few, *windows[2:]], SECTION) == "1"
    record = row_record(windows, comparer)
    assert record["drifted_since"] == "1"
    assert [one["separation"]["drifted"] for one in record["windows"]] == [False, True, False, True]


def test_a_regression_is_compared_and_not_foretold(sample, table, tmp_path):
    path = saved(tmp_path, table(1_000, 3))
    report = drift_report(sample.bundle.folder, path, dataset=sample.dataset.folder)
    assert findings(report)[1].text.startswith(
        "Accuracy without labels is not estimated. A model that predicts a number"
    )


def test_another_dataset_is_refused(binary):
    info = binary.bundle.info.model_copy(update={"digests": {"dataset": "sha256:" + "0" * 64}})
    with pytest.raises(DataError) as caught:
        RowComparer(binary.dataset, replace(binary.bundle, info=info), SECTION)
    assert caught.value.code == "other_dataset"


def test_a_feature_that_moved_in_one_window_alone_is_not_called_unmoved(binary, rows, tmp_path):
    kinds = ({"together": 0.7}, {"together": 0.7}, {"spread": 3})
    paths = [saved(tmp_path, rows(2_000, 20 + number, **kind), f"w{number}") for number, kind in enumerate(kinds)]
    report = drift_report(binary.bundle.folder, *paths, dataset=binary.dataset.folder)
    whole = findings(report)[0].text
    assert "It goes by wind" in whole
    assert "moved by itself" not in whole
    counts = {fact.label: fact for block in report.blocks for fact in getattr(block, "facts", ())}
    assert (counts["tables that drifted"].value, counts["tables that drifted"].level) == ("1 of 3", None)
