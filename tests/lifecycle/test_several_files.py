"""Every stage after preparation finds in several files per split what it finds in one."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_kinds import CASES, Case, table_dataset

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.earlier import Earlier
from sevenfold.contracts.manifest import verify
from sevenfold.contracts.schema import Kind, Task
from sevenfold.monitoring.subtle.rows import RowComparer
from sevenfold.monitoring.watch import windows_of_dataset
from sevenfold.plan import TestingSection, TrainingSection, TuningSection
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.runtime.checkpoint import Checkpoints
from sevenfold.testing.earlier import earlier_gates
from sevenfold.testing.evaluate import evaluate
from sevenfold.training.data import TrainingData
from sevenfold.training.train import train
from sevenfold.tuning.stage import run_tuning
from sevenfold.tuning.task import Task as TuningTask

COLUMNS = {"x": Kind.NUMBER, "n": Kind.INTEGER, "color": Kind.CATEGORY, "when": Kind.DATETIME, "late": Kind.CATEGORY}
METRIC = "roc_auc"
SLOW = {"network", "tensorflow"}
THERE = [
    pytest.param(case, id=case.name, marks=[pytest.mark.extended] if case.name in SLOW else [])
    for case in CASES
    if case.present
]
ROWS = 1_500


def rows(count: int) -> list[list[Any]]:
    draw = np.random.default_rng(11)
    made = []
    for at in range(count):
        x, n, color = draw.normal(), int(draw.integers(0, 9)), str(draw.choice(["red", "green", "blue", ""]))
        late = x + (color == "red") + 0.2 * n + draw.normal() > 1.5
        when = f"2024-0{1 + at % 9}-{1 + at % 28:02}T{at % 24:02}:30:00Z"
        made.append(["" if at % 11 == 0 else f"{x:.4f}", n, color, when, "yes" if late else "no"])
    return made


def dataset(folder: Path, count: int = ROWS, each: int = 0) -> Dataset:
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        if each:
            patch.setattr("sevenfold.contracts.split_names.FILE_ROWS", each)
        return table_dataset(folder, COLUMNS, rows(count), Task.BINARY)


@pytest.fixture(scope="module", name="datasets")
def one_and_several(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Dataset]:
    folder = tmp_path_factory.mktemp("datasets")
    one, several = dataset(folder / "one"), dataset(folder / "several", each=101)
    assert [len(some.files("train")) for some in (one, several)] == [1, -(-one.rows("train") // 101)]
    return one, several


def tuned(rows: Dataset, section: TrainingSection, folder: Path) -> Path:
    """Search two settings, or none where the kind has no space; the study has no digest of the dataset in it."""
    tuning = TuningSection(trials=0 if section.source else 2, max_epochs=2, seed=3)
    settings = {"tuning": tuning.model_dump(mode="json"), "training": section.model_dump(mode="json"), "metric": METRIC}
    run_tuning(rows.folder, json.dumps(settings), out=folder, page=folder / "../t.html", summary=folder / "../t.md")
    return folder


def files_of(bundle: Bundle) -> dict[str, str]:
    """The digests of all files but the one that names the dataset."""
    return {name: entry.sha256 for name, entry in bundle.manifest.files.items() if name != "bundle.json"}


@pytest.mark.parametrize("case", THERE)
def test_the_same_study_model_and_scores(case: Case, datasets: tuple[Dataset, Dataset], tmp_path: Path) -> None:
    section = case.section_of(tmp_path, max_epochs=2)
    studies, bundles, tested = [], [], []
    for at, some in enumerate(datasets):
        home = tmp_path / str(at)
        home.mkdir()
        studies.append(tuned(some, section, home / "study"))
        train(some.folder, studies[-1], section, METRIC, home / "bundle", name="flights", digests={})
        bundles.append(Bundle.open(home / "bundle"))
        tested.append(evaluate(bundles[-1], some, TestingSection(), name="flights"))
    assert verify(studies[0]).digest == verify(studies[1]).digest
    assert files_of(bundles[0]) == files_of(bundles[1])
    assert bundles[0].info.metrics == bundles[1].info.metrics
    assert [bundle.info.digests["dataset"] for bundle in bundles] == [some.digest for some in datasets]
    assert np.array_equal(tested[0].predictions, tested[1].predictions)
    assert tested[0].evaluation.scores == tested[1].evaluation.scores
    assert tested[0].evaluation.gates == tested[1].evaluation.gates


def test_a_search_on_other_machines_takes_all_files_along(datasets: tuple[Dataset, Dataset]) -> None:
    tuning = TuningSection(engine="ray", ray={"address": "head:6379"})
    for some in datasets:
        task = TuningTask(tuning, TrainingSection(), METRIC, TrainingData(some), Checkpoints())
        sent = pickle.loads(pickle.dumps(task)).data.dataset  # noqa: S301
        assert sent.folder != some.folder
        assert sent.digest == some.digest
        for split in ("train", "validation"):
            assert sent.table(split) == datasets[0].table(split)


def test_monitoring_sees_the_same_rows(datasets: tuple[Dataset, Dataset], tmp_path: Path) -> None:
    pytest.importorskip("lightgbm")
    section = MonitoringSection(min_rows=100)
    found = []
    for at, some in enumerate(datasets):
        train(some.folder, None, TrainingSection(model="linear"), METRIC, tmp_path / str(at), name="f", digests={})
        comparer = RowComparer(some, Bundle.open(tmp_path / str(at)), section)
        table, windows, _ = windows_of_dataset(some, section, "", in_time_order=False)
        found.append((comparer.check, [comparer.compare(part.label, table.take(part.rows)) for part in windows]))
    assert found[0] == found[1]
    assert found[0][1][0].separation is not None


def test_a_retraining_is_held_to_an_earlier_dataset_of_several_files(
    datasets: tuple[Dataset, Dataset], tmp_path: Path
) -> None:
    grown = dataset(tmp_path / "grown", ROWS + 400, each=101)
    bundle = tmp_path / "bundle"
    train(grown.folder, None, TrainingSection(model="linear"), METRIC, bundle, name="f", digests={})
    found = []
    for some in datasets:
        earlier = Earlier(dataset=str(some.folder), digest=some.digest)
        rival = tmp_path / some.digest[-9:]
        train(some.folder, None, TrainingSection(model="linear"), METRIC, rival, name="f", digests={})
        found.append(earlier_gates(Bundle.open(bundle), Bundle.open(rival), grown, earlier, METRIC, TestingSection()))
    assert found[0] == found[1]
