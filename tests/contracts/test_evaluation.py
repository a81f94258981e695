from __future__ import annotations

import json
from pathlib import Path

import pytest

from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.evaluation import FORMAT_VERSION, Evaluation, PlainModel
from sevenfold.contracts.manifest import seal

# As version 1 wrote it, with every key that it had.
FIRST = """
{"version": 1, "name": "flights", "task": "binary", "metric": "roc_auc", "decision": "promote",
 "sentence": "roc_auc is 0.71 on 100 test rows; all 2 gates hold.",
 "digests": {"bundle": "sha256:b", "dataset": "sha256:d"}, "rows": {"test": 100, "train": 400},
 "classes": ["on time", "late"], "threshold": 0.5, "scores": {"roc_auc": 0.71}, "train_scores": {"roc_auc": 0.74},
 "baseline_scores": {"roc_auc": 0.5}, "intervals": {"roc_auc": [0.6, 0.8]},
 "gates": [{"kind": "serving", "name": "against the model now serving", "metric": "roc_auc", "value": 0.01,
            "limit": 0.002, "interval": [-0.05, 0.07], "verdict": "passed", "sentence": "It is."},
           {"kind": "slice", "name": "slices of carrier", "metric": "roc_auc", "value": null, "limit": 0.1,
            "interval": null, "verdict": "not_judged", "sentence": "Few rows."}],
 "slices": [{"column": "carrier", "value": "UA", "rows": 40, "score": 0.7, "interval": [0.5, 0.9]}],
 "importance": {"distance": 0.1}, "confusion": [[50, 10], [20, 20]]}
"""


def written(folder: Path, text: str) -> Path:
    (folder / "evaluation.json").write_text(text)
    (folder / "predictions.parquet").write_bytes(b"rows")
    seal(folder, expected=("evaluation.json", "predictions.parquet"), rows={"predictions.parquet": 100})
    return folder


def test_the_first_format_is_read_and_means_what_it_meant(tmp_path: Path) -> None:
    evaluation = Evaluation.open(written(tmp_path, FIRST))
    assert (evaluation.version, evaluation.decision, evaluation.waits) == (FORMAT_VERSION, "promote", False)
    assert [gate.verdict for gate in evaluation.gates] == ["passed", "not_judged"]
    assert (evaluation.gates[0].interval, evaluation.gates[0].resolves) == ((-0.05, 0.07), None)


def test_an_undecided_evaluation_is_read_back(tmp_path: Path) -> None:
    first = Evaluation.model_validate_json(FIRST)
    for undecided, waits in (("hold", True), ("keep", False)):
        folder = tmp_path / undecided
        folder.mkdir()
        (folder / "predictions.parquet").write_bytes(b"rows")
        changed = first.model_copy(update={"version": FORMAT_VERSION, "decision": "undecided", "undecided": undecided})
        changed.save(folder, rows=100)
        assert Evaluation.open(folder) == changed
        assert Evaluation.open(folder).waits is waits


def test_the_plain_models_are_read_back_and_earlier_formats_have_none(tmp_path: Path) -> None:
    first = Evaluation.model_validate_json(FIRST)
    assert (first.plain, first.linear_scores, first.confidence) == ((), {}, 0.95)
    linear = PlainModel(
        kind="linear", name="logistic regression", score=0.7, gain=0.01, bounds=(-0.1, 0.1), verdict="alike"
    )
    changed = first.model_copy(update={"version": FORMAT_VERSION, "plain": (linear,), "linear_scores": {"f1": 0.5}})
    (tmp_path / "predictions.parquet").write_bytes(b"rows")
    changed.save(tmp_path, rows=100)
    assert Evaluation.open(tmp_path) == changed


@pytest.mark.parametrize("change", [{"version": 99}, {"version": 0}, {"verdict": "maybe"}, {"decision": "perhaps"}])
def test_another_format_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(IntegrityError) as caught:
        Evaluation.open(written(tmp_path, json.dumps(json.loads(FIRST) | change)))
    assert caught.value.code == "unknown_format"
