"""What the report of a fit says of its curves."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_kinds import changed

from sevenfold.contracts.dataset import Dataset
from sevenfold.plan.training import TrainingSection
from sevenfold.report.model import Chart, Findings, Report
from sevenfold.training.report import training_report
from sevenfold.training.train import train


def report_of(dataset: Dataset, folder: Path, **section: object) -> Report:
    wanted = TrainingSection.model_validate({"max_epochs": 3, **section})
    return training_report(train(dataset.folder, None, wanted, "log_loss", folder / "bundle", name="demo", digests={}))


def findings(report: Report) -> str:
    return " ".join(one.text for block in report.blocks if isinstance(block, Findings) for one in block.findings)


@pytest.mark.parametrize(("model", "kept"), [("linear", False), ("network", True)])
def test_a_fit_of_one_epoch_has_none_that_was_kept(model: str, kept: bool, mixed: Dataset, tmp_path: Path) -> None:
    few = changed(mixed, tmp_path / "few", {"train": list(range(25))})  # so few that every model overfits them
    settings = {"penalty": 0.01} if model == "linear" else {"learning_rate": 0.05, "dropout": 0.0}
    text = findings(report_of(few, tmp_path, model=model, settings=settings, max_epochs=12, batch_size=5))
    assert ("the kept weights are those of epoch" in text) == kept


@pytest.mark.parametrize(("model", "dropout"), [("network", True), ("trees", False)])
def test_only_a_network_is_trained_with_dropout(model: str, dropout: bool, mixed: Dataset, tmp_path: Path) -> None:
    charts = [block for block in report_of(mixed, tmp_path, model=model).blocks if isinstance(block, Chart)]
    (losses,) = [chart for chart in charts if chart.title == "Loss per epoch"]
    assert ("dropout" in losses.caption) == dropout
