"""Trees as a kind of model, from the plan's section to the bundle."""

from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np
import pytest

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.plan.training import TrainingSection
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.data import TrainingData
from sevenfold.training.kinds import kinds_of
from sevenfold.training.train import train
from sevenfold.training.trees.kind import TreesKind
from sevenfold.training.trees.rows import load_rows


@pytest.mark.parametrize(("name", "metric"), [("mixed", "roc_auc"), ("iris", "log_loss"), ("diabetes", "r2")])
def test_trees_become_a_bundle(
    name: str, metric: str, trees_section: TrainingSection, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    dataset: Dataset = request.getfixturevalue(name)
    assert [type(kind) for kind in kinds_of(trees_section)] == [TreesKind]
    digests = {"data": "d", "plan": "p"}
    trained = train(dataset.folder, None, trees_section, metric, tmp_path / "one", name="t", digests=digests)
    again = train(dataset.folder, None, trees_section, metric, tmp_path / "two", name="t", digests=digests)
    assert trained.digest == again.digest and trained.difference < 1e-7
    bundle = Bundle.open(tmp_path / "one")
    assert (bundle.info.model, bundle.info.framework) == ("trees", "lightgbm")
    assert (bundle.info.settings["rounds"], bundle.info.settings["epochs"]) == (5, trained.fitted.best.number)
    assert trained.fitted.score == pytest.approx(trained.metrics[metric], abs=1e-5)

    data = TrainingData(dataset)
    given = Scorer(bundle.model_path, bundle.info.signature).predict(data.feeds("validation"))
    own = lightgbm.Booster(model_file=str(tmp_path / "one" / "model.lightgbm.txt"))
    expected = own.predict(load_rows(data).validation)
    if given.probabilities is None:
        target = data.transform.target
        np.testing.assert_allclose(given.values, expected * target.scale + target.mean, rtol=1e-12)
    else:
        columns = given.probabilities[:, 1] if expected.ndim == 1 else given.probabilities
        np.testing.assert_allclose(columns, expected, atol=1e-7)


def test_the_text_says_nothing_of_the_machine_and_of_single_rows(
    mixed: Dataset, trees_section: TrainingSection
) -> None:
    data = TrainingData(mixed)
    kind = TreesKind()
    fitted = kind.fit(kind.encode(data), trees_section, "roc_auc")
    text = fitted.files(data, 0.5)["model.lightgbm.txt"].decode()
    assert "threads" not in text and "parameters" not in text and "[" not in text
    assert kind.identity == {"lightgbm": lightgbm.__version__}
