"""What epochs and trials are scored by: the threshold that the plan's model will have."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_kinds import CASES, Case

from sevenfold.contracts.dataset import Dataset
from sevenfold.plan.threshold import ThresholdRule
from sevenfold.plan.training import TrainingSection
from sevenfold.plan.tuning import TuningSection
from sevenfold.runtime.checkpoint import Checkpoints
from sevenfold.scoring.scores import score
from sevenfold.training.data import TrainingData
from sevenfold.training.epochs import defined_score
from sevenfold.training.kinds import kind_named
from sevenfold.training.protocol import ModelKind
from sevenfold.training.pytorch.job import Job, JobFolder
from sevenfold.training.pytorch.tensors import load_tensors
from sevenfold.training.train import fit_identity
from sevenfold.tuning.task import Task

HIGH, LIMITED = ThresholdRule(value=0.7), ThresholdRule(by="f1", least={"recall": 0.9})
TRUTH = np.array([0] * 8 + [1] * 2)
RARE = np.array([0.05] * 7 + [0.3, 0.2, 0.4])  # no row reaches 0.5


@pytest.mark.parametrize("case", [case for case in CASES if case.present], ids=lambda case: case.name)
def test_every_kind_is_scored_at_the_number_of_the_plan(case: Case, mixed: Dataset, tmp_path: Path) -> None:
    section, data = case.section_of(tmp_path, max_epochs=2), TrainingData(mixed, rule=HIGH)
    kind: ModelKind[Any] = case.kind(section)
    fitted = kind.fit(kind.encode(data), section, "recall")
    at = {threshold: score("recall", data.truth, fitted.validation, threshold=threshold) for threshold in (0.5, 0.7)}
    assert fitted.score == pytest.approx(at[0.7])
    assert at[0.5] > at[0.7]


@pytest.mark.parametrize(
    ("metric", "rule", "expected"),
    [
        ("f1", None, 0.0),
        ("f1", ThresholdRule(by="f1"), 0.8),  # from 0.2 on: two of three calls are right, and no positive is missed
        ("recall", ThresholdRule(value=0.35), 0.5),
        ("roc_auc", ThresholdRule(value=0.35), 15 / 16),  # which no threshold changes
    ],
)
def test_rare_positives_are_seen(metric: str, rule: ThresholdRule | None, expected: float) -> None:
    both = np.stack([1 - RARE, RARE], axis=1)
    assert defined_score(metric, TRUTH, both, rule) == pytest.approx(expected)


def test_more_classes_and_values_have_no_threshold() -> None:
    three = np.eye(3)[[0, 1, 2, 2]]
    assert defined_score("accuracy", np.array([0, 1, 2, 1]), three, HIGH) == 0.75
    assert defined_score("mae", np.array([1.0, 2.0]), np.array([1.5, 2.5]), HIGH) == 0.5


def test_the_rule_goes_where_fits_and_trials_go(mixed: Dataset, tmp_path: Path) -> None:
    data, section = TrainingData(mixed, rule=LIMITED), TrainingSection()
    folder = JobFolder(tmp_path)
    for given in (data, TrainingData(mixed)):
        folder.write_job(Job(load_tensors(given), section, "f1"))
        assert folder.read_job().tensors.rule == given.rule
    task = Task(TuningSection(), section, "f1", data, Checkpoints())
    assert pickle.loads(pickle.dumps(task)).data.rule == LIMITED  # noqa: S301


def test_a_fit_goes_on_only_where_it_was_scored_alike(mixed: Dataset) -> None:
    section = TrainingSection()
    kind = kind_named(section, "linear")
    plain = fit_identity(mixed, section, "f1", kind)
    assert fit_identity(mixed, section, "f1", kind, ThresholdRule(value=0.5)) == plain
    assert fit_identity(mixed, section, "f1", kind, HIGH) != plain
    assert fit_identity(mixed, section, "roc_auc", kind, HIGH) == fit_identity(mixed, section, "roc_auc", kind)
