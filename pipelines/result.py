"""How a run ended: the decision, what it calls for, the report page, the exit status."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import verify
from sevenfold.pipelines.next_steps import next_steps
from sevenfold.pipelines.runs import RunFolder
from sevenfold.pipelines.score_first import evaluation_of, score_first, score_lines, score_warnings

if TYPE_CHECKING:
    from sevenfold.report import Report
    from sevenfold.report.model import Step

__all__ = [
    "ENDPOINT",
    "EXIT_STATUS",
    "HANDOVER",
    "PAGES",
    "SEALED",
    "SEALED_WHEN_PROMOTED",
    "Result",
    "conclude",
    "released",
    "stage_reports",
]

EXIT_STATUS = {"promoted": 0, "waiting": 0, "tested": 0, "refused": 3, "rolled back": 3, "failed": 1}
CHANGEABLE = ("trials", "max_epochs", "seed")
Outputs = tuple[tuple[str, str], ...]  # task and output

SEALED: Outputs = (
    ("prepare-data", "dataset"),
    ("tune-model", "study"),
    ("train-model", "bundle"),
    ("test-model", "evaluation"),
)
SEALED_WHEN_PROMOTED: Outputs = (("deploy-model", "service"), ("judge-canary", "verdict"), ("monitor-model", "watch"))
HANDOVER = ("hand-over", "handover")
ENDPOINT = ("release-endpoint", "verdict")  # no task of a pipeline: what became of a bundle on a cloud's endpoint
STAGE_TITLES = {  # as failures and reports name the stages
    "design": "Design",
    "preparation": "Preparation",
    "tuning": "Tuning",
    "training": "Training",
    "testing": "Testing",
    "serving": "Inference",
    "monitoring": "Monitoring",
}
TASK_STAGES = {
    "explore-data": "design",
    "prepare-data": "preparation",
    "tune-model": "tuning",
    "train-model": "training",
    "test-model": "testing",
    "deploy-model": "serving",
    "judge-canary": "serving",
    "monitor-model": "monitoring",
}
PAGES = ("explore-data", "prepare-data", "tune-model", "train-model", "test-model", "deploy-model", "judge-canary")


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a run ended.

    `state` is promoted, waiting (for approval), tested (and handed over to the run that deploys), refused, rolled back
    or failed; `sentence` says why, `steps` what to do next, `not_run` why the stages that are left did not run. `score`
    are lines that set the score beside those of plain models, `warnings` what to know before the model is used.
    """

    folder: Path
    state: str
    sentence: str
    exit_status: int
    report: Path | None = None
    steps: tuple[Step, ...] = ()
    not_run: str = ""
    score: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def conclude(
    folder: RunFolder,
    finished: bool,
    *,
    sealed: Outputs = SEALED,
    released: bool = True,
    serving: str = "",
    again: str = "",
) -> Result:
    """Read what the stages left, write the report page and return how the run ended and what to do next.

    Args:
        folder: the run's folder.
        finished: whether the pipeline ended without a failed task.
        sealed: outputs that must be there and whole, whatever was decided; the evaluation is one of them.
        released: whether the pipeline deploys what was promoted; False where it hands it over.
        serving: address of a predictor that goes on serving after the run.
        again: the command that runs the plan again.
    """
    state, sentence, status = _ending(folder, finished, sealed, released)
    folder.link()
    steps = next_steps(folder, state, serving=serving, again=again)
    not_run, reports = _not_run(folder, state), stage_reports(folder)
    if not_run:
        reports += _absent(folder, {report.stage for report in reports}, not_run)
    evaluation = evaluation_of(folder)
    page = _write_page(folder, score_first(evaluation, reports), state, sentence, steps) if reports else None
    folder.record(
        state=state,
        sentence=sentence,
        exit_status=status,
        ended=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return Result(
        folder=folder.path,
        state=state,
        sentence=sentence,
        exit_status=status,
        report=page,
        steps=tuple(steps),
        not_run=not_run,
        score=tuple(score_lines(evaluation)) if evaluation else (),
        warnings=tuple(score_warnings(evaluation)) if evaluation else (),
    )


def released(folder: RunFolder) -> bool:
    """Whether a run promoted its model, whatever became of the run after that."""
    path = folder.artifact("judge-canary", "verdict")
    try:
        return path is not None and _judged(_verified(folder, "judge-canary", "verdict"), "")[0] == "promoted"
    except (IntegrityError, OSError):
        return False


def stage_reports(folder: RunFolder) -> list[Report]:
    """Return the reports that the run's stages left, in the order of the stages."""
    from sevenfold.report.page import read_report

    paths = (folder.artifact(task, "report") for task in (*PAGES, "monitor-model", ENDPOINT[0]))
    return [read_report(path) for path in paths if path is not None]


def _not_run(folder: RunFolder, state: str) -> str:
    """Return why a run has stages that did not run; "" if all of them did."""
    if state == "refused":
        return "the model was refused"
    if state != "failed":
        return ""
    return f"{_failed_stage(folder) or 'a task'} failed"


def _failed_stage(folder: RunFolder) -> str:
    named = str((folder.error() or {}).get("stage", ""))
    return TASK_STAGES.get(named, named)  # a task that was killed on a cluster named no stage


def _absent(folder: RunFolder, shown: set[str], not_run: str) -> list[Report]:
    """Return a report in place of each one that is missing: what failed, and which stages did not run."""
    from sevenfold.report import Report, Text

    error, absent = folder.error(), list[Report]()
    for stage, title in STAGE_TITLES.items():
        if error and stage == _failed_stage(folder):
            text, remedy = f"Failed ({error['code']}): {error['message']}", str(error["remedy"])
            blocks = (Text(text=remedy),) if remedy else ()
            absent.append(Report(stage=stage, title=title, headline=text, level="bad", blocks=blocks))
        elif stage not in shown:
            absent.append(Report(stage=stage, title=title, headline=f"Did not run: {not_run}."))
    return absent


def _ending(folder: RunFolder, finished: bool, outputs: Outputs, released: bool) -> tuple[str, str, int]:
    error = folder.error()
    if error is not None:
        sentence = f"{error['stage']} failed ({error['code']}): {error['message']} {error['remedy']}".strip()
        return "failed", sentence, int(error["exit_status"])
    if not finished:
        return "failed", "A task ended without saying why; log.txt holds what it printed.", 1
    try:
        state, sentence = _decision(folder, outputs, released)
    except IntegrityError as broken:
        return "failed", f"The run finished, but {broken}", 1
    return state, sentence, EXIT_STATUS[state]


def _decision(folder: RunFolder, outputs: Outputs, released: bool) -> tuple[str, str]:
    """Return state and sentence of a finished run after checking that every stage it calls for sealed its output."""
    sealed = {name: _verified(folder, *name) for name in outputs}
    evaluation = json.loads((sealed["test-model", "evaluation"] / "evaluation.json").read_text())
    undecided = evaluation["decision"] == "undecided"
    if undecided and evaluation.get("undecided") != "hold":
        return "refused", f"Undecided, so the serving model stays: {evaluation['sentence']}"
    if evaluation["decision"] == "refuse":
        return "refused", evaluation["sentence"]
    if folder.artifact(*ENDPOINT) is not None:
        return _judged(_verified(folder, *ENDPOINT), evaluation["sentence"])
    if not released:
        _verified(folder, *HANDOVER)
        return "tested", f"{evaluation['sentence']} It is handed over to its release, a run of its own."
    for task, output in SEALED_WHEN_PROMOTED:
        sealed[task, output] = _verified(folder, task, output)
    state, sentence = _judged(sealed["judge-canary", "verdict"], evaluation["sentence"])
    if undecided and state == "waiting":
        return state, f"Undecided, so a person decides: {evaluation['sentence']}"
    return state, sentence


def _judged(folder: Path, tested: str) -> tuple[str, str]:
    """Return state and sentence that a verdict calls for; of a promoted model the test's sentence says more."""
    verdict = json.loads((folder / "verdict.json").read_text())
    state = {"promote": "promoted", "hold": "waiting", "rollback": "rolled back"}[verdict["decision"]]
    return state, tested if state == "promoted" else verdict["sentence"]


def _verified(folder: RunFolder, task: str, output: str) -> Path:
    path = folder.artifact(task, output)
    if path is None:
        raise IntegrityError("missing_output", f"{task} must leave {output}, but left nothing.")
    verify(path)
    return path


def _write_page(folder: RunFolder, reports: list[Report], state: str, sentence: str, steps: list[Step]) -> Path:
    from sevenfold.report.page import render_page

    name, number = folder.path.parent.name, folder.path.name
    score = reports[0].headline if reports[0].stage == "score" else ""
    subtitle = f"{score} {sentence} {_changes(folder)}".strip()
    page = render_page(reports, title=f"{name} · run {number} · {state}", subtitle=subtitle, steps=steps)
    write_whole(folder.report, page.encode())
    return folder.report


def _changes(folder: RunFolder) -> str:
    """Say what this run took instead of the plan's values."""
    values = folder.values()
    # a local run is always given its table, a run on a cluster only another one
    named = ("data", *CHANGEABLE) if "endpoint" in values else CHANGEABLE
    given = values.get("arguments", {})
    changed = [f"{key} {given[key]}" for key in named if key in given]
    return f"Changed for this run: {', '.join(changed)}." if changed else ""
