"""The choice among kinds of models: kinds whose predictions are known, on rows that are known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.study import Best
from sevenfold.plan.training import ModelChoice, TrainingSection
from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.report.page import write_report
from sevenfold.runtime.checkpoint import Checkpoints, checkpoints_at
from sevenfold.scoring.paired import difference_error
from sevenfold.scoring.scores import score
from sevenfold.training.data import TrainingData
from sevenfold.training.protocol import Epoch, FittedModel, ModelKind, OnEpoch, Progress
from sevenfold.tuning.choice import Choice, Task, choose_kind
from sevenfold.tuning.kinds_report import kinds_blocks, kinds_sentence
from sevenfold.tuning.report import build_report

ROWS = 400
TRUTH = np.arange(ROWS, dtype=np.float64) % 40


class Known(FittedModel):
    """A model whose predictions are given."""

    @property
    def validation(self) -> NDArray[Any]:
        predicted: NDArray[np.float64] = self.settings["predicted"]
        return predicted

    def onnx_bytes(self, data: TrainingData) -> bytes:
        return b""

    def files(self, data: TrainingData, threshold: float) -> Mapping[str, bytes]:
        return {}


class KnownKind(ModelKind[None]):
    """A kind that is off by about `off`, less the nearer `x` is to 1, and fails in the trials `fails`."""

    framework = "none"

    def __init__(self, name: str, off: float, *, seed: int = 0, fails: tuple[int, ...] = ()) -> None:
        self.name, self.off, self.fails, self.fits = name, off, fails, 0
        self.noise = np.random.default_rng(seed).normal(size=ROWS)

    @property
    def identity(self) -> dict[str, Any]:
        return {}

    def effective_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {"x": 0.5, **settings}

    def space(self) -> dict[str, Dimension]:
        return {"x": Dimension(low=0, high=1)}

    def encode(self, data: TrainingData) -> None:
        return None

    def fit(
        self,
        rows: None,
        section: TrainingSection,
        metric: str,
        *,
        on_epoch: OnEpoch | None = None,
        progress: Progress | None = None,
    ) -> FittedModel:
        self.fits += 1
        if self.fits in self.fails:
            raise ValueError("no such luck")
        x = self.effective_settings(section.settings)["x"]
        predicted = TRUTH + self.off * (1.02 - 0.02 * x) * self.noise
        value = score(metric, TRUTH, predicted)
        epoch = Epoch(1, 0.0, 0.0, value, 0.0)
        stopped = "epochs" if on_epoch is None or on_epoch(1, value) else "pruned"
        return Known({"predicted": predicted}, metric, (epoch,), epoch, stopped, 1, "parameters")


class Rows:
    """As much of `TrainingData` as a choice reads."""

    truth, rule = TRUTH, None

    def once(self, key: str, make: Any) -> Any:
        return make()


def task(trials: int, checkpoints: Checkpoints | None = None, **settings: Any) -> Task:
    tuning = TuningSection(trials=trials, pruner="none", **settings)
    training = TrainingSection(model=ModelChoice.AUTO)
    return Task(tuning, training, "rmse", Rows(), checkpoints or Checkpoints())  # type: ignore[arg-type]


def choose(kinds: list[KnownKind], given: Task) -> tuple[Choice, list[str]]:
    order: list[str] = []
    choice = choose_kind(kinds, given, lambda kind, done, trial, best: order.append(kind))
    return choice, order


def test_the_best_kind_wins_and_a_bad_one_gets_one_trial() -> None:
    kinds = [KnownKind("poor", 9.0), KnownKind("good", 1.0), KnownKind("fair", 1.3, seed=1)]
    choice, order = choose(kinds, task(12))
    assert choice.chosen.kind.name == "good" and len(order) == choice.trials == 12
    poor, good, fair = choice.contenders
    assert order[:3] == ["poor", "good", "fair"] and order.count("poor") == 1 and poor.given_up
    assert good.behind == 0 and poor.behind is not None and poor.behind > 7
    assert fair.behind is not None and fair.error is not None and fair.behind > fair.error
    assert kinds_sentence(choice).startswith("Chosen: good, ")


def test_the_simplest_within_the_noise_wins() -> None:
    same = KnownKind("simple", 1.0005, seed=1), KnownKind("large", 1.0, seed=2)
    choice, order = choose(list(same), task(10))
    assert choice.chosen.kind.name == "simple"
    assert choice.chosen.behind is not None and choice.chosen.error is not None
    assert choice.chosen.behind <= choice.chosen.error
    assert order == ["simple", "large"] * 5, "neither is given up, so both get as many trials"
    with_reason = kinds_sentence(choice)
    assert "simpler than large" in with_reason or "ahead of" in with_reason


@pytest.mark.parametrize(
    ("trials", "entered"), [(1, {"trees"}), (2, {"linear", "trees"}), (3, {"linear", "trees", "network"})]
)
def test_with_few_trials_some_kinds_are_left_out(trials: int, entered: set[str]) -> None:
    kinds = [KnownKind(name, 1.0, seed=index) for index, name in enumerate(("linear", "trees", "network"))]
    choice, order = choose(kinds, task(trials))
    assert set(order) == entered == {contender.kind.name for contender in choice.contenders}
    assert len(order) == trials


def test_a_kind_that_fails_ends_nothing(tmp_path: Path) -> None:
    kinds = [KnownKind("broken", 1.0, fails=tuple(range(1, 99))), KnownKind("good", 1.0)]
    choice, order = choose(kinds, task(6))
    assert order.count("broken") == 1 and choice.chosen.kind.name == "good"
    table, chart = kinds_blocks(choice, "rmse")
    assert table.block == "table" and chart.block == "chart"
    assert table.rows[0][-1] == "failed: ValueError: no such luck"
    report = build_report(
        choice.chosen.study, "rmse", {}, kinds=kinds_blocks(choice, "rmse"), choice=kinds_sentence(choice)
    )
    write_report(report, tmp_path / "report.html", tmp_path / "report.md")
    assert "Kinds of models" in (tmp_path / "report.md").read_text()
    with pytest.raises(TrainingError, match="no such luck") as caught:
        choose([KnownKind("broken", 1.0, fails=tuple(range(1, 99)))], task(6))
    assert caught.value.code == "all_trials_failed"


def test_a_choice_that_was_stopped_goes_on_to_the_same_end(tmp_path: Path) -> None:
    def kinds() -> list[KnownKind]:
        return [KnownKind("simple", 1.1, seed=1), KnownKind("large", 1.0, seed=2)]

    def kept() -> Checkpoints:
        return checkpoints_at(str(tmp_path), {"search": 1}, lambda message: None)

    expected, _ = choose(kinds(), task(9))

    class Killed(Exception):
        pass

    def stop_after(kind: str, done: int, trial: Any, best: float | None) -> None:
        if done == 5:
            raise Killed

    with pytest.raises(Killed):
        choose_kind(kinds(), task(9, kept()), stop_after)
    again = kinds()
    resumed, _ = choose(again, task(9, kept()))
    assert sum(kind.fits for kind in again) <= 9 - 5 + 2, (
        "finished trials are taken over; each best may be fitted again"
    )
    one, two = (choice.save(tmp_path / name) for choice, name in ((expected, "one"), (resumed, "two")))
    assert one == two
    assert Best.read(tmp_path / "one").model == expected.chosen.kind.name


def test_the_time_may_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(10_000))
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    choice, order = choose([KnownKind("one", 1.0), KnownKind("other", 1.2)], task(500, timeout_seconds=60))
    assert choice.out_of_time and 2 <= len(order) < 60
    report = build_report(choice.chosen.study, "rmse", {}, out_of_time=choice.out_of_time)
    texts = [finding.text for block in report.blocks if block.block == "findings" for finding in block.findings]
    assert any("The time was up" in text for text in texts)


def test_the_error_of_a_difference_is_that_of_many_tables() -> None:
    random = np.random.default_rng(3)
    differences, errors = [], []
    for _ in range(200):
        truth = random.integers(0, 2, 300)
        signal = truth + random.normal(size=300)
        one, other = (1 / (1 + np.exp(-(signal + random.normal(size=300) * noise))) for noise in (0.5, 0.8))
        differences.append(score("roc_auc", truth, one) - score("roc_auc", truth, other))
        errors.append(difference_error("roc_auc", truth, one, other))
    assert np.mean(errors) == pytest.approx(np.std(differences), rel=0.15)


def test_equal_predictions_differ_by_nothing(mixed_truth: NDArray[np.int64]) -> None:
    predicted = np.linspace(0.1, 0.9, len(mixed_truth))
    assert difference_error("f1", mixed_truth, predicted, predicted) == 0


@pytest.fixture
def mixed_truth() -> NDArray[np.int64]:
    return np.random.default_rng(1).integers(0, 2, 50)
