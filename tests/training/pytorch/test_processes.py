"""A fit in several processes is the fit of one: the same losses, repeated bit for bit, stopped and gone on with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.training import TrainingSection
from sevenfold.training.data import TrainingData
from sevenfold.training.pytorch.fit import Fitted, fit
from sevenfold.training.pytorch.processes import fit_in_processes
from sevenfold.training.pytorch.tensors import Tensors, load_tensors

PLAIN = {"dropout": 0.0, "unknown": 0.0}  # no random numbers but those of weights and order
OWN = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, signature):
        super().__init__()
        self.out = nn.Linear(len(signature.numeric), signature.outputs)
        self.spare = nn.Linear(3, 3)

    def forward(self, numeric, categorical):
        {body}
        return self.out(numeric)

def build_model(signature):
    return Net(signature)
"""


class Memory:
    def __init__(self, earlier: bytes | None = None) -> None:
        self.earlier, self.states = earlier, list[bytes | None]()

    def read(self) -> bytes | None:
        return self.earlier

    def offer(self, content: Callable[[], bytes | None]) -> None:
        self.states.append(content())


def losses(fitted: Fitted) -> list[float]:
    return [value for epoch in fitted.curve for value in (epoch.train_loss, epoch.validation_loss)]


def equal(one: Fitted, other: Fitted) -> bool:
    states = [fitted.network.state_dict() for fitted in (one, other)]
    return losses(one) == losses(other) and all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize(
    ("table", "metric", "changes"),
    [
        ("mixed", "roc_auc", {"processes": 2, "class_weights": {"yes": 3.0, "no": 1.0}, "batch_size": 47}),
        ("diabetes", "rmse", {"processes": 3, "batch_size": 17}),  # of the last batch some process has no row
    ],
)
def test_it_has_the_losses_of_one_process(
    table: str, metric: str, changes: dict[str, object], section: TrainingSection, request: pytest.FixtureRequest
) -> None:
    tensors = load_tensors(TrainingData(request.getfixturevalue(table)))
    shared = section.replaced(max_epochs=2, settings=PLAIN, **changes)
    together, alone = fit_in_processes(tensors, shared, metric), fit(tensors, shared, metric)
    assert losses(together) == pytest.approx(losses(alone), rel=1e-5)
    assert together.score == pytest.approx(alone.score, rel=1e-4)
    assert (together.stopped, together.size, together.settings) == (alone.stopped, alone.size, alone.settings)


def test_it_repeats_and_goes_on_to_the_same_weights(tensors: Tensors, section: TrainingSection) -> None:
    shared = section.replaced(processes=2, max_epochs=3, settings={"dropout": 0.3, "averaging": 2.0})
    memory, scores = Memory(), list[float]()
    first = fit_in_processes(
        tensors, shared, "roc_auc", progress=memory, on_epoch=lambda number, score: not scores.append(score)
    )
    assert scores == [epoch.score for epoch in first.curve]
    assert equal(first, fit_in_processes(tensors, shared, "roc_auc", progress=Memory(memory.states[0])))


def test_the_caller_ends_it_and_no_process_is_left(tensors: Tensors, section: TrainingSection) -> None:
    shared = section.replaced(processes=2, max_epochs=500, patience=500)
    others = set(psutil.Process().children(recursive=True))  # that tests before this one left running
    ended = fit_in_processes(tensors, shared, "roc_auc", on_epoch=lambda number, score: number < 2)
    assert ended.stopped == "pruned"
    with pytest.raises(KeyError, match="stopped here"):
        fit_in_processes(tensors, shared, "roc_auc", on_epoch=lambda number, score: {}["stopped here"])
    assert not set(psutil.Process().children(recursive=True)) - others


def test_a_users_network_may_leave_parameters_out_and_its_errors_come_back(
    tensors: Tensors, section: TrainingSection, tmp_path: Path
) -> None:
    source = tmp_path / "own.py"
    source.write_text(OWN.format(body="pass"))
    shared = section.replaced(processes=2, max_epochs=1, source=str(source), settings={})
    assert losses(fit_in_processes(tensors, shared, "roc_auc")) == pytest.approx(
        losses(fit(tensors, shared, "roc_auc")), rel=1e-5
    )
    source.write_text(OWN.format(body="numeric = numeric * float('inf')"))
    with pytest.raises(TrainingError, match="loss must be a finite number") as raised:
        fit_in_processes(tensors, shared, "roc_auc")
    assert raised.value.code == "loss_not_finite"
    source.write_text(OWN.format(body="raise ValueError('no such layer')"))
    with pytest.raises(TrainingError, match="no such layer") as raised:
        fit_in_processes(tensors, shared, "roc_auc")
    assert raised.value.code == "fit_failed"
