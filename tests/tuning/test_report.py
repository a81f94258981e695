from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sevenfold.contracts.manifest import verify
from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.report import Report
from sevenfold.report.format_value import format_value
from sevenfold.report.page import read_report, write_report
from sevenfold.training.linear.kind import LinearKind
from sevenfold.tuning.choice import Choice, Contender
from sevenfold.tuning.engines.optuna import search
from sevenfold.tuning.report import build_report
from sevenfold.tuning.study import Objective, OnEpoch, Study

Space = dict[str, Dimension]


def tables(report: Report) -> dict[str, Any]:
    return {block.title: block for block in report.blocks if block.block == "table"}


def one_kind(study: Study, settings: dict[str, Any]) -> Choice:
    contender = Contender(LinearKind(), settings, study)
    return Choice((contender,), contender)


def test_every_trial_is_listed_with_its_state(space: Space, objective: Objective, tmp_path: Path) -> None:
    calls = 0

    def fragile(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise RuntimeError("no room")
        return objective(settings, on_epoch)

    study = search(fragile, TuningSection(trials=16), space, "minimize", first={"rate": 0.05})
    report = build_report(study, "log_loss", {"batch": 7}, cpu_seconds=3.0)
    rows = tables(report)["All trials"].rows
    assert [row[0] for row in rows if row[0].endswith("(best)")] == [f"{study.best.number + 1} (best)"]  # type: ignore[union-attr]
    states = [str(row[1]).split(":")[0] for row in rows]
    words = {"complete": "complete", "pruned": "stopped early", "failed": "failed"}
    assert states == [words[trial.state] for trial in study.trials]
    assert {"complete", "stopped early", "failed"} == set(states)
    assert rows[3][1] == "failed: RuntimeError: no room"
    settings = {row[0]: row[2] for row in tables(report)["Settings handed to training"].rows}
    assert settings == {"batch": "from the plan", "rate": "searched", "width": "searched", "activation": "searched"}
    assert report.level == "warning"
    assert "better than the settings it started from" in report.headline
    titles = {block.title for block in report.blocks if block.block == "chart"}
    assert {"Trials", "Learning curves", "What mattered", "Where the good settings lie"} <= titles
    write_report(report, tmp_path / "report.html", tmp_path / "report.md")
    assert read_report(tmp_path / "report.html") == report


def test_few_trials_show_no_importance(space: Space, objective: Objective, tmp_path: Path) -> None:
    report = build_report(search(objective, TuningSection(trials=2), space, "minimize"), "log_loss", {})
    assert "What mattered" not in {block.title for block in report.blocks if block.block == "chart"}
    write_report(report, tmp_path / "report.html")


def test_a_search_that_ends_by_itself_says_why(space: Space, objective: Objective) -> None:
    def said(planned: int, most: int | None) -> bool:
        study = search(objective, TuningSection(trials=4), space, "minimize")
        report = build_report(replace(study, planned=planned), "log_loss", {}, most_trials=most)
        found = [one.text for block in report.blocks if block.block == "findings" for one in block.findings]
        return any("ended after 4 trials: more bring nothing" in text for text in found)

    assert said(20, 4)
    assert not (said(4, 4) or said(20, None) or said(20, 6))


def test_one_score_has_one_figure(space: Space) -> None:
    study = search(lambda settings, on_epoch: 0.87954987, TuningSection(trials=1), space, "minimize")  # not 0.8796
    report = build_report(study, "log_loss", {})
    assert report.headline.startswith("Best log_loss 0.8795 ")
    shown = next(fact.value for block in report.blocks if block.block == "facts" for fact in block.facts)
    assert format_value(shown) == "0.8795"
    assert format_value(tables(report)["All trials"].rows[0][2]) == "0.8795"


def test_a_skipped_search_passes_on_the_plan_s_settings(objective: Objective, tmp_path: Path) -> None:
    study = search(objective, TuningSection(trials=0), {}, "minimize")
    report = build_report(study, "log_loss", {"width": 32})
    assert report.headline == "No search: the plan asks for 0 trials, so the plan's own settings are taken."
    without = build_report(replace(study, planned=3), "log_loss", {})
    assert without.headline == "No search: tuning.space names no setting, so the plan's own settings are taken."
    write_report(report, tmp_path / "report.html")
    one_kind(study, {"width": 32}).save(tmp_path / "study")
    assert json.loads((tmp_path / "study/best.json").read_text()) == {
        "model": "linear",
        "score": None,
        "settings": {"width": 32},
    }


def test_the_sealed_study_holds_no_time_and_repeats(space: Space, objective: Objective, tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "other"):
        study = search(objective, TuningSection(trials=8), space, "minimize")
        digests.add(one_kind(study, {"width": 1, "batch": 2}).save(tmp_path / name))
    assert len(digests) == 1
    assert set(verify(tmp_path / "one").files) == {"best.json", "trials.json"}
    assert "seconds" not in (tmp_path / "one/trials.json").read_text()
    best = json.loads((tmp_path / "one/best.json").read_text())
    assert study.best is not None
    assert best == {"model": "linear", "score": study.best.score, "settings": {"batch": 2, **study.best.settings}}
