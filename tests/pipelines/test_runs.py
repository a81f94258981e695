import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import seal
from sevenfold.pipelines.result import conclude
from sevenfold.pipelines.runs import RunFolder

TASKS = {
    ("prepare-data", "dataset"): {},
    ("tune-model", "study"): {},
    ("train-model", "bundle"): {},
    ("test-model", "evaluation"): {"evaluation.json": {"decision": "promote", "sentence": "All gates passed."}},
    ("deploy-model", "service"): {},
    ("judge-canary", "verdict"): {"verdict.json": {"decision": "promote", "sentence": "No errors."}},
    ("monitor-model", "watch"): {},
}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder.create(tmp_path, "demo")
    for (task, output), files in TASKS.items():
        leave(folder, task, output, files)
    return folder


@pytest.mark.parametrize(("content", "told"), [("", "is empty"), ("{", "must be a JSON object"), ("3", "must be")])
def test_a_record_that_was_cut_off_is_told(run: RunFolder, content: str, told: str) -> None:
    (run.path / "run.json").write_text(content)
    with pytest.raises(IntegrityError, match=told):
        run.values()


def leave(run: RunFolder, task: str, output: str, files: dict[str, object]) -> None:
    path = run.path / "artifacts" / "demo-2026" / task / output
    path.mkdir(parents=True, exist_ok=True)
    for name, value in {"x.json": 1, **files}.items():
        (path / name).write_text(json.dumps(value))
    seal(path, expected=["x.json"])


def test_numbers_go_up_and_never_clash(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: RunFolder.create(tmp_path, "demo"), range(20)))
    assert sorted(int(folder.path.name) for folder in folders) == list(range(1, 21))


def test_a_finished_run_is_promoted(run: RunFolder) -> None:
    result = conclude(run, finished=True)
    assert (result.state, result.exit_status) == ("promoted", 0)
    assert (run.path / "bundle").resolve().name == "bundle"
    assert json.loads((run.path / "run.json").read_text())["state"] == "promoted"


@pytest.mark.parametrize(("task", "output"), list(TASKS))
def test_a_missing_output_is_a_failure_whatever_the_engine_says(run: RunFolder, task: str, output: str) -> None:
    run.discard_task(task)
    result = conclude(run, finished=True)
    assert (result.state, result.exit_status) == ("failed", 1)
    assert task in result.sentence


def test_a_refused_candidate_needs_no_deployment(run: RunFolder) -> None:
    leave(run, "test-model", "evaluation", {"evaluation.json": {"decision": "refuse", "sentence": "roc_auc is low."}})
    for task in ("deploy-model", "judge-canary", "monitor-model"):
        run.discard_task(task)
    result = conclude(run, finished=True)
    assert (result.state, result.exit_status, result.sentence) == ("refused", 3, "roc_auc is low.")
    assert result.not_run == "the model was refused"
    assert result.report is not None
    page = result.report.read_text()
    assert page.count('<span class="headline">Did not run: the model was refused.</span>') == 7  # none left a report
    assert "curl" not in page


@pytest.mark.parametrize(("decision", "state", "status"), [("hold", "waiting", 0), ("rollback", "rolled back", 3)])
def test_the_judge_has_the_last_word(run: RunFolder, decision: str, state: str, status: int) -> None:
    leave(run, "judge-canary", "verdict", {"verdict.json": {"decision": decision, "sentence": "Because."}})
    result = conclude(run, finished=True)
    assert (result.state, result.exit_status, result.sentence) == (state, status, "Because.")


def test_the_cause_a_stage_left_is_what_is_told(run: RunFolder) -> None:
    cause = {"stage": "preparation", "code": "no_rows", "message": "No rows.", "remedy": "Add some.", "exit_status": 2}
    (run.path / "error.json").write_text(json.dumps(cause))
    result = conclude(run, finished=False)
    assert (result.state, result.exit_status) == ("failed", 2)
    assert result.sentence == "preparation failed (no_rows): No rows. Add some."
    assert result.not_run == "preparation failed"
    assert result.report is not None
    page = result.report.read_text()
    assert page.count('<span class="headline">Failed (no_rows): No rows.</span>') == 1
    assert page.count('<span class="headline">Did not run: preparation failed.</span>') == 6


def test_a_report_says_first_how_to_serve_what_was_promoted(run: RunFolder) -> None:
    result = conclude(run, finished=True, serving="http://127.0.0.1:41575")
    assert [step.text for step in result.steps if step.label == "serving"] == ["http://127.0.0.1:41575"]
    assert result.not_run == ""


def test_a_task_that_was_killed_on_a_cluster_is_the_stage_that_failed(run: RunFolder) -> None:
    cause = {"stage": "train-model", "code": "no_cause", "message": "Ended.", "remedy": "", "exit_status": 1}
    (run.path / "error.json").write_text(json.dumps(cause))
    result = conclude(run, finished=False)
    assert result.not_run == "training failed"
    assert result.report is not None
    assert "Failed (no_cause): Ended." in result.report.read_text()
