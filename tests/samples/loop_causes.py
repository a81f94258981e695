"""Steps of the local loop's story: causes beside the drift of a feature: the clock, labels, rows as a whole."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from loop_home import Home, kinds
from loop_tables import add_window, rows
from runners import Unhindered

from sevenfold.contracts.errors import DataError
from sevenfold.monitoring.retrain.decide import Action, Reason
from sevenfold.monitoring.retrain.journal import RunEntry
from sevenfold.pipelines.local.loop import PAGE
from sevenfold.pipelines.local.promoted_service import PromotedService
from sevenfold.report.page import read_report

CREDENTIAL = "a-credential-of-the-tests"


def a_schedule_starts_a_run_whether_or_not_rows_drifted(served: Home) -> None:
    text = served.plan_path.read_text()
    by_clock = text.replace("trigger: drift", "trigger: schedule, every_hours: 6").replace("_day: 2", "_day: 9")
    served.plan_path.write_text(by_clock)
    started: list[list[str]] = []

    def look() -> list[tuple[Action, Reason]]:
        loop = served.loop()
        loop._retrainer._runner = Waiting(started)
        return kinds(loop.look())

    try:
        assert look() == [(Action.NOTE, Reason.SCHEDULED)]
        served.hours += 5
        assert look() == []
        served.hours += 20
        assert look() == [(Action.START, Reason.CAUSE), (Action.PAGE, Reason.WAITING)], "three missed ticks are one"
        assert [[Path(path).name for path in paths] for paths in started] == [
            [f"window-{number}.csv" for number in (11, 12, 13, 14)]
        ]
        for number in (13, 14):
            (served.path / "new" / f"window-{number}.csv").unlink()
        served.hours += 6
        assert look() == [(Action.SUPPRESS, Reason.WAITING)], "another candidate would replace the one that waits"
        served.loop()._retrainer.acknowledge("demo", who="eva", reason="it is withdrawn")
        served.hours += 6
        assert look() == [(Action.SUPPRESS, Reason.FEW_ROWS)]
        assert look() == [], "a tick is decided once"
    finally:
        served.plan_path.write_text(text)
        for number in (13, 14):
            add_window(served.path, number, drifted=True)


def a_run_that_failed_is_tried_again(served: Home) -> None:
    """Also by the process that has seen it fail."""
    loop = served.loop()
    loop._retrainer._runner = Failing()
    count = len(loop.journal.runs("demo"))
    assert kinds(loop.look()) == [(Action.START, Reason.CAUSE), (Action.NOTE, Reason.NOT_FINISHED)]
    assert kinds(loop.look()) == [(Action.SUPPRESS, Reason.BACKOFF)]
    served.hours += 1.1
    assert kinds(loop.look()) == [(Action.START, Reason.CAUSE), (Action.NOTE, Reason.NOT_FINISHED)]
    assert len({run.cause for run in loop.journal.runs("demo")[count:]}) == 2


class Failing(Unhindered):
    """Stands in for a run that cannot start, since its table is gone."""

    def find(self, decided: RunEntry) -> str:
        return ""

    def start(self, decided: RunEntry) -> str:
        raise DataError("missing_file", "The table is gone.")


@dataclass
class Waiting(Unhindered):
    """Stands in for a run, which ends with a candidate that waits."""

    started: list[list[str]]

    def find(self, decided: RunEntry) -> str:
        return ""

    def start(self, decided: RunEntry) -> str:
        self.started.append(decided.details["data"])
        return decided.cause

    def ending(self, run: str) -> tuple[str, str]:
        return "waiting", "It waits."


def labels_that_show_a_worse_model_give_one_run_and_a_better_one(served: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """No feature drifts; true targets that come back are the cause, and windows with targets are what is learnt."""
    monkeypatch.setenv("SEVENFOLD_FEEDBACK_CREDENTIAL", CREDENTIAL)
    text = served.plan_path.read_text()
    # what was true before is false now: the old rows teach nothing, and the old test rows ask for the old answers
    served.plan_path.write_text(text.replace("max_forgetting: 0.05", "max_forgetting: 1, keep_rows: false"))
    for number in (13, 14):
        (served.path / "new" / f"window-{number}.csv").unlink()
    for number in (15, 16):
        add_window(served.path, number, changed=True)
    served.hours += 24
    loop = served.loop()
    before, count = loop.label, served.run_count()
    with PromotedService(loop, takes_feedback=True) as service:
        assert service.keep()
        assert service.service is not None and service.service.feedback_port
        assert feed_back(service.service.feedback_port, rows(900, 600, changed=True)) == 600
        labels = service.labels()
        assert labels is not None
        loop.take_labels(labels.counted, labels.process)
        decided = loop.look()
    assert kinds(decided) == [
        (Action.NOTE, Reason.LABELS),
        (Action.START, Reason.CAUSE),
        (Action.NOTE, Reason.PROMOTED),
    ]
    assert "by 600 labels of 24 hours accuracy is 0." in decided[-2].sentence
    assert loop.label != before
    assert served.run_count() == count + 1
    assert served.loop().look() == [], "labels about the old model say nothing of the new one"


def feed_back(port: int, table: str) -> int:
    """Send rows and their targets to a port for labels; return how many were scored."""
    lines = [dict(row) for row in csv.DictReader(io.StringIO(table))]
    instances = [{name: float(row[name]) for name in "abc"} for row in lines]
    body = json.dumps({"instances": instances, "labels": [row["y"] for row in lines]}).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {CREDENTIAL}"}
    request = Request(f"http://127.0.0.1:{port}/v1/models/demo:feedback", body, headers)
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        return int(json.load(answer)["scored"])


def rows_that_differ_as_a_whole_are_noted_and_start_nothing(served: Home) -> None:
    text = served.plan_path.read_text()
    served.plan_path.write_text(text.replace("min_rows: 200", "min_rows: 200, subtle: true"))
    for path in (served.path / "new").glob("window-1[56].csv"):
        path.unlink()
    add_window(served.path, 17, tied=True)
    count = served.run_count()
    decided = served.loop().look()
    assert [entry.reason for entry in decided] == [Reason.WINDOW, Reason.ROWS]
    assert "nothing drifted" in decided[0].sentence
    assert re.match(
        r"window-17\.csv, as a whole: told from the training rows by (b, c|c, b) \(AUC 0\.", decided[1].sentence
    )
    assert served.run_count() == count
    page = read_report(served.runs / "demo" / PAGE)
    assert any(getattr(block, "title", "") == "Rows as a whole" for block in page.blocks)
    assert served.loop().look() == [], "each window is told once"
