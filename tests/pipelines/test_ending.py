"""The last lines of a run: the verdict first, what to do next, lines that fit and commands that can be copied."""

import io
import json
import shlex
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console

from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.evaluation import Evaluation, GateResult, PlainModel
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.schema import Task
from sevenfold.contracts.service import KServeService, write_service
from sevenfold.pipelines.ending import show_ending
from sevenfold.pipelines.next_steps import next_steps
from sevenfold.pipelines.result import Result
from sevenfold.pipelines.runs import RunFolder
from sevenfold.pipelines.score_first import score_first, score_lines, score_warnings
from sevenfold.report import Report, Text
from sevenfold.testing.standing_blocks import standing_blocks

SENTENCE = "roc_auc is 0.71 on 28,756 test rows; 1 of 6 gates fails: roc_auc ≥ 0.9. " * 2


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder.create(tmp_path, "flights")
    (folder.path / "bundle").mkdir()
    return folder


def printed(folder: RunFolder, state: str, sentence: str = SENTENCE, *, serving: str = "", again: str = "") -> str:
    console = Console(file=io.StringIO(), width=300)
    steps = tuple(next_steps(folder, state, serving=serving, again=again))
    show_ending(console, Result(folder=folder.path, state=state, sentence=sentence, exit_status=0, steps=steps))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def evaluated(**changes: object) -> Evaluation:
    """An evaluation of the flights: roc_auc 0.71 on 5,000 rows."""
    known = {"name": "flights", "task": Task.BINARY, "metric": "roc_auc", "decision": "promote", "digests": {}}
    measured = {"rows": {"test": 5_000}, "scores": {"roc_auc": 0.71}}
    return Evaluation.model_validate({**known, **measured, **changes})


def refuse(folder: RunFolder, *kinds: str) -> None:
    """Leave an evaluation with a refused gate of each kind."""
    gates = tuple(
        GateResult.model_validate(
            {"kind": kind, "name": kind, "metric": "roc_auc", "value": 0.71, "limit": 0.9, "verdict": "refused"}
            | {"sentence": f"roc_auc must be at least 0.9 for {kind}, but is 0.71; " + "and so on " * 12}
        )
        for kind in kinds
    )
    evaluation = evaluated(decision="refuse", gates=gates)
    path = folder.path / "artifacts/flights-1/test-model/evaluation"
    path.mkdir(parents=True)
    (path / "predictions.parquet").write_text("rows")
    evaluation.save(path, rows=1)


def test_a_verdict_that_names_the_state_says_it_once(folder: RunFolder) -> None:
    text = printed(folder, "rolled back", "Rolled back: 3 of 1,000 requests failed.")
    assert "rolled back  3 of 1,000 requests failed." in text.splitlines()


def test_the_query_can_be_copied_from_the_console(folder: RunFolder) -> None:
    text = printed(folder, "promoted")
    query = text[text.index("curl") :].splitlines()
    assert query[0] == "curl -s localhost:8080/v1/models/flights:predict -H content-type:application/json \\"
    assert query[1].strip() == f"-d @{folder.path}/bundle/example_request.json"
    assert f"serve {folder.path}/bundle\n" in text
    assert "again" not in text


def test_a_predictor_that_goes_on_serving_is_named_and_asked(folder: RunFolder) -> None:
    text = printed(folder, "promoted", serving="http://127.0.0.1:41575")
    assert "serving  http://127.0.0.1:41575\n" in text
    assert "curl -s http://127.0.0.1:41575/v1/models/flights:predict" in text
    assert "localhost:8080" not in text
    assert " serve " not in text


def on_cluster(folder: RunFolder, public: str) -> None:
    path = folder.path / "artifacts/flights-1/deploy-model/service"
    path.mkdir(parents=True)
    service = KServeService(
        name="flights", namespace="team", url="http://inside", public_url=public, digest="", workload="w"
    )
    write_service(service, path)
    write_json(path / "checks.json", {"checked": True})
    seal(path, expected=["service.json"])


@pytest.mark.parametrize("public", ["http://flights.example.com", ""])
def test_a_service_on_a_cluster_is_asked_at_its_public_address(folder: RunFolder, public: str) -> None:
    on_cluster(folder, public)
    text = printed(folder, "promoted")
    assert "http://inside" not in text
    assert f"curl -s {public or 'localhost:8080'}/v1/models/flights:predict" in text
    assert ("sevenfold serve" in text or " serve " in text) == (not public)


def test_a_candidate_that_waits_is_promoted_by_a_command_and_not_asked_where_the_old_model_answers(
    folder: RunFolder,
) -> None:
    on_cluster(folder, "http://flights.example.com")
    text = printed(folder, "waiting")
    assert "promote flights --namespace team\n" in text
    assert "example.com" not in text
    assert f"serve {folder.path}/bundle\n" in text


def test_on_one_machine_a_model_waits_too_and_its_folder_of_runs_is_named(folder: RunFolder) -> None:
    text = printed(folder, "waiting")
    assert f"promote flights --runs {folder.path.parents[1]}\n" in text
    assert "--namespace" not in text


def test_a_refused_model_is_not_offered_but_explained(folder: RunFolder) -> None:
    refuse(folder, "limit", "limit", "slice")
    text = printed(folder, "refused", again="sevenfold run plan.yaml --trials 3")
    assert "curl" not in text
    assert "bundle" not in text
    labels = [line[2:11].strip() for line in text.splitlines() if line.startswith("  ") and line[2:11].strip()]
    assert labels == ["gate", "change", "again"]
    assert text.count("roc_auc must be at least") == 3
    assert "testing.gates" in text
    assert "testing.max_slice_gap" in text
    assert text.endswith("again    sevenfold run plan.yaml --trials 3\n")
    assert max(map(len, text.splitlines())) < 100
    assert " ".join(text.split()).startswith(f"refused {SENTENCE.strip()}")


@pytest.mark.parametrize("kind", get_args(GateResult.model_fields["kind"].annotation))
def test_every_kind_of_gate_has_an_advice(folder: RunFolder, kind: str) -> None:
    refuse(folder, kind)
    assert [step.label for step in next_steps(folder, "refused")] == ["gate", "change"]


def test_a_failure_names_cause_remedy_log_and_the_command_that_goes_on(folder: RunFolder) -> None:
    cause = {"stage": "tuning", "code": "oom", "message": "Too much.", "remedy": "Take fewer rows. " * 9, "task": ""}
    (folder.path / "error.json").write_text(json.dumps({**cause, "exit_status": 1}))
    folder.log.write_text("")
    text = printed(folder, "failed", "tuning failed (oom): Too much.", again="sevenfold run plan.yaml")
    assert text.startswith("\nfailed  tuning failed (oom): Too much.\n  do       Take fewer rows.")
    assert f"  log      {folder.log}\n" in text
    assert text.endswith("  again    sevenfold run plan.yaml\n")
    assert "curl" not in text
    (folder.path.parent / "checkpoints/one").mkdir(parents=True)
    again = printed(folder, "failed", again="sevenfold run plan.yaml")
    assert again.endswith("sevenfold run plan.yaml  # goes on from the last checkpoint\n")


def test_a_word_longer_than_a_line_stays_whole(folder: RunFolder) -> None:
    word = "x" * 150
    assert f"failed  {word}\n" in printed(folder, "failed", word)
    assert word in printed(folder, "failed", f"Because {word} and more")


def test_what_the_rows_do_not_decide_is_shown_with_the_command_that_decides(folder: RunFolder) -> None:
    refuse(folder, "serving")
    path = folder.path / "artifacts/flights-1/test-model/evaluation"
    tested = Evaluation.open(path)
    sentence = "Undecided: about 3,000 rows would show it."
    gate = tested.gates[0].model_copy(update={"verdict": "undecided", "sentence": sentence, "rows_needed": 3_000})
    tested.model_copy(update={"decision": "undecided", "gates": (gate,)}).save(path, rows=1)
    for state in ("waiting", "refused"):
        text = printed(folder, state)
        assert sentence in text
        assert ("promote flights" in text) is (state == "waiting")


def plain(kind: str, score: float, verdict: str, bounds: tuple[float, float]) -> PlainModel:
    values = {"kind": kind, "name": {"linear": "logistic regression", "constant": "constant prediction"}[kind]}
    return PlainModel.model_validate(
        {**values, "score": score, "gain": 0.71 - score, "verdict": verdict, "bounds": bounds}
    )


def test_the_score_comes_first_and_beside_it_what_plain_models_score() -> None:
    others = (plain("constant", 0.5, "better", (0.2, 0.22)), plain("linear", 0.709, "alike", (-0.004, 0.006)))
    evaluation = evaluated(intervals={"roc_auc": (0.69, 0.73)}, plain=others)
    console = Console(file=io.StringIO(), width=300)
    lines, warned = tuple(score_lines(evaluation)), tuple(score_warnings(evaluation))
    result = Result(
        folder=Path("runs/flights/1"), state="promoted", sentence=SENTENCE, exit_status=0, score=lines, warnings=warned
    )
    show_ending(console, result)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue().splitlines()
    assert shown[1] == "roc_auc on 5,000 test rows, with 95% intervals"
    assert shown[2].split() == ["this", "model", "0.71", "0.69", "to", "0.73"]
    assert shown[3].startswith("  logistic regression  0.709")
    assert "no different as far as these rows show (0.004 worse to" in shown[3] + shown[4]
    constant = next(index for index, line in enumerate(shown) if line.startswith("  constant prediction"))
    assert shown[constant].endswith("better by 0.21 (0.2 to 0.22)")
    assert shown[constant + 1].startswith("! A plain logistic regression does as well")
    assert any(line.startswith("promoted") for line in shown[constant + 2 :])
    assert max(map(len, shown)) < 100


def test_what_testing_left_comes_first_on_the_page_and_only_once(folder: RunFolder) -> None:
    evaluation = evaluated(plain=(plain("linear", 0.6, "better", (0.1, 0.12)),))
    blocks = (*standing_blocks(evaluation), Text(text="more"))
    reports = [Report(stage="design", title="Design", headline="x"), Report(stage="testing", title="T", headline="y")]
    reports[1] = Report.model_validate_json(reports[1].model_copy(update={"blocks": blocks}).model_dump_json())
    lead, design, testing = score_first(evaluation, reports)
    assert (lead.title, design.stage) == ("Score", "design")
    assert lead.headline == "roc_auc on 5,000 test rows: 0.71; logistic regression 0.6."
    assert [block.block for block in lead.blocks] == ["table", "chart"]
    assert [block.block for block in testing.blocks] == ["text"]
    assert score_first(None, reports) == reports


def test_commands_can_be_pasted_where_a_folder_has_a_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = RunFolder.create(Path("my runs"), "flights")
    (folder.path / "bundle").mkdir()
    told = {step.label: shlex.split(step.text) for step in next_steps(folder, "waiting")}
    assert told["serve"][-2:] == ["serve", "my runs/flights/1/bundle"]
    assert "@my runs/flights/1/bundle/example_request.json" in told["query"]
    assert told["approve"][-2:] == ["--runs", "my runs"]
