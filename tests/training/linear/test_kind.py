"""Logistic and ridge regression as a kind of model, against scikit-learn on the same inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.training import ModelChoice, TrainingSection
from sevenfold.training.data import TrainingData
from sevenfold.training.linear.kind import LinearKind
from sevenfold.training.train import train


@pytest.mark.parametrize("penalty", [0.01, 1.0, 300.0])
def test_the_penalty_is_ridge_regressions(diabetes: Dataset, section: TrainingSection, penalty: float) -> None:
    kind, data = LinearKind(), TrainingData(diabetes)
    tensors = kind.encode(data)
    fitted = kind.fit(tensors, section.replaced(settings={"penalty": penalty}), "rmse")
    train_rows, rows = tensors.train.numeric.numpy(), tensors.validation.numeric.numpy()
    center, scale = train_rows.mean(0), train_rows.std(0)
    ridge = Ridge(alpha=penalty).fit((train_rows - center) / scale, data.target("train"))
    assert fitted.validation == pytest.approx(ridge.predict((rows - center) / scale), rel=2e-4)
    assert fitted.stopped == "converged" and fitted.size == rows.shape[1] + 1


def test_a_linear_model_becomes_a_bundle(mixed: Dataset, section: TrainingSection, tmp_path: Path) -> None:
    linear = section.replaced(model=ModelChoice.LINEAR, settings={"penalty": 2.0})
    digests = {"data": "d", "plan": "p"}
    trained = train(mixed.folder, None, linear, "roc_auc", tmp_path / "one", name="t", digests=digests)
    again = train(mixed.folder, None, linear, "roc_auc", tmp_path / "two", name="t", digests=digests)
    assert trained.digest == again.digest
    bundle = Bundle.open(tmp_path / "one")
    assert (bundle.info.model, bundle.info.settings["penalty"]) == ("linear", 2.0)
    assert trained.difference < 1e-6
    assert trained.fitted.score == pytest.approx(trained.metrics["roc_auc"], abs=1e-6)


def test_a_setting_of_another_model_is_refused(section: TrainingSection) -> None:
    with pytest.raises(TrainingError, match="'penality'") as caught:
        LinearKind().effective_settings({"penality": 2.0})
    assert caught.value.remedy == "Did you mean 'penalty'?"


def test_a_fit_may_be_given_up(mixed: Dataset, section: TrainingSection) -> None:
    kind = LinearKind()
    rows = kind.encode(TrainingData(mixed))
    fitted = kind.fit(rows, section.replaced(settings={}), "roc_auc", on_epoch=lambda epoch, score: False)
    assert fitted.stopped == "pruned" and np.isfinite(fitted.validation).all()
