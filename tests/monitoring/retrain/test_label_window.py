"""Labels of the last hours: summed over looks, processes and restarts of the loop, forgotten in time, judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.errors import IntegrityError
from sevenfold.drift.concept import Labelled
from sevenfold.monitoring.live_labels import LiveLabels
from sevenfold.monitoring.retrain.label_evidence import drift_key, labels_noted
from sevenfold.monitoring.retrain.label_window import LabelWindow
from sevenfold.plan.monitoring import MonitoringSection

SECTION = MonitoringSection(feedback_hours=2)  # the sample's RMSE on its validation rows is 1
HOUR = 3_600.0
BUNDLE = "b1"


def counted(rows: float, squared: float) -> Labelled:
    """What a predictor counted: the mean squared error and a spread of the squared errors as large."""
    return Labelled(rows, squared=rows * squared, fourth=2 * rows * squared**2)


class Look:
    """A loop that looks at labels, as a new process does each time."""

    def __init__(self, path: Path, bundle: Any) -> None:
        self.path, self.bundle = path / "labels.json", bundle

    def window(self) -> LabelWindow:
        return LabelWindow(self.path, SECTION)

    def take(self, hours: float, labels: Labelled, process: str = "p1", bundle: str = BUNDLE) -> None:
        self.window().take(labels, process=process, bundle=bundle, now=hours * HOUR)

    def judge(self, hours: float, label: str = BUNDLE) -> LiveLabels | None:
        return self.window().judge(self.bundle, label, now=hours * HOUR, wall=1_000 + hours)


@pytest.fixture
def look(tmp_path: Path, sample: Any) -> Look:
    return Look(tmp_path, sample.bundle)


def rows_of(live: LiveLabels | None) -> int:
    assert live is not None
    return live.rows


def test_what_a_process_counted_between_looks_adds_up_and_ages(look: Look) -> None:
    assert look.judge(0) is None, "no port was ever open"
    look.take(0, counted(0, 0.0))
    assert rows_of(look.judge(0)) == 0
    look.take(0.5, counted(300, 1.0))
    look.take(1.0, counted(300, 1.0))
    look.take(1.5, counted(700, 1.0))
    assert rows_of(look.judge(1.5)) == 700
    assert rows_of(look.judge(2.4)) == 700
    assert rows_of(look.judge(2.5)) == 400, "the first 300 are two hours old"
    assert rows_of(look.judge(3.5)) == 0


def test_another_process_begins_at_nothing_and_the_same_one_goes_on(look: Look) -> None:
    look.take(0, counted(500, 1.0))
    look.take(0.1, counted(200, 1.0), process="p2")
    look.take(0.2, counted(250, 1.0), process="p2")
    assert rows_of(look.judge(0.2)) == 750


def test_labels_about_another_bundle_are_forgotten(look: Look) -> None:
    look.take(0, counted(500, 1.0))
    look.take(0.1, counted(40, 1.0), process="p2", bundle="b2")
    assert look.judge(0.1) is None
    assert rows_of(look.judge(0.1, "b2")) == 40


def test_looks_that_come_fast_do_not_grow_the_file(look: Look) -> None:
    for second in range(400):
        look.take(second / 3_600, counted(10.0 * second, 1.0))
    assert rows_of(look.judge(0.2)) == 3_990
    assert look.path.stat().st_size < 5_000


def test_a_standing_keeps_the_moment_it_began_over_restarts(look: Look) -> None:
    look.take(0, counted(1_000, 1.0))
    live = look.judge(0)
    assert live is not None and live.verdict.drifted is False
    assert look.window().standing == ("stable", 1_000)
    look.take(1, counted(3_000, 1.6))
    first = look.judge(1)
    assert first is not None and first.verdict.drifted
    keys = {drift_key(BUNDLE, look.window())}
    look.take(1.2, counted(3_200, 1.6))
    look.judge(1.2)
    keys.add(drift_key(BUNDLE, look.window()))
    assert look.window().standing == ("drifted", 1_001)
    assert len(keys) == 1, "one cause for as long as it lasts"


def test_labels_that_stay_away_are_unknown_after_a_window_and_no_measurement(look: Look) -> None:
    look.take(0, counted(0, 0.0))
    look.judge(1.9)
    assert look.window().standing[0] == ""
    live = look.judge(2)
    assert live is not None
    assert look.window().standing[0] == "unknown"
    cause = labels_noted("demo", BUNDLE, look.window(), live, SECTION)
    assert not cause.known
    assert cause.evidence.startswith("0 labels came back within 2 hours")


def test_a_file_that_cannot_be_written_takes_the_same_labels_again(look: Look) -> None:
    look.take(0, counted(0, 0.0))
    window = look.window()
    kept = look.path.read_bytes()
    look.path.unlink()
    look.path.parent.joinpath("labels.json").mkdir()  # nothing can take its place
    with pytest.raises(OSError, match=r"labels\.json"):
        window.take(counted(300, 1.0), process="p1", bundle=BUNDLE, now=1.0)
    look.path.rmdir()
    look.path.write_bytes(kept)
    window.take(counted(300, 1.0), process="p1", bundle=BUNDLE, now=2.0)
    assert rows_of(look.judge(0.01)) == 300


def test_a_file_of_a_newer_format_is_refused(look: Look) -> None:
    look.path.write_text('{"version": 2}')
    with pytest.raises(IntegrityError):
        look.window()
