"""A fit that was stopped and goes on must be the fit that was never stopped, bit for bit."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from sevenfold.contracts.dataset import Dataset
from sevenfold.plan.training import TrainingSection
from sevenfold.training.pytorch.fit import Fitted, fit
from sevenfold.training.pytorch.tensors import Tensors
from sevenfold.training.train import Trained, train

EPOCHS = 6


class Memory:
    """Keeps every state."""

    def __init__(self, earlier: bytes | None = None) -> None:
        self.earlier, self.states = earlier, list[bytes | None]()

    def read(self) -> bytes | None:
        return self.earlier

    def offer(self, content: Callable[[], bytes | None]) -> None:
        self.states.append(content())


def same(one: Fitted, other: Fitted) -> bool:
    curves = [
        [(epoch.number, epoch.train_loss, epoch.validation_loss, epoch.score) for epoch in fitted.curve]
        for fitted in (one, other)
    ]
    states = [fitted.network.state_dict() for fitted in (one, other)]
    return curves[0] == curves[1] and all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("averaging", [0.0, 2.0])
def test_it_goes_on_from_any_epoch_to_the_same_weights(
    tensors: Tensors, section: TrainingSection, averaging: float
) -> None:
    section = section.replaced(max_epochs=EPOCHS, settings={**section.settings, "averaging": averaging, "dropout": 0.3})
    memory = Memory()
    expected = fit(tensors, section, "roc_auc", progress=memory)
    assert same(expected, fit(tensors, section, "roc_auc"))
    assert len(memory.states) == len(expected.curve)
    for number, state in enumerate(memory.states, start=1):
        torch.manual_seed(number)  # what came before in the process must not matter
        epochs: list[int] = []
        later = Memory(state)
        resumed = fit(
            tensors,
            section,
            "roc_auc",
            progress=later,
            on_epoch=lambda epoch, score, epochs=epochs: not epochs.append(epoch),
        )
        assert same(expected, resumed)
        assert (resumed.best.number, resumed.stopped) == (expected.best.number, expected.stopped)
        assert epochs == list(range(1, len(expected.curve) + 1))
        assert len(later.states) == len(expected.curve) - number, "finished epochs must not be computed again"


def test_the_state_of_another_network_is_not_taken(tensors: Tensors, section: TrainingSection) -> None:
    section, memory = section.replaced(max_epochs=2), Memory()
    fit(tensors, section.with_settings({"width": 16}), "roc_auc", progress=memory)
    other = Memory(memory.states[0])
    resumed = fit(tensors, section.with_settings({"width": 24}), "roc_auc", progress=other)
    assert len(other.states) == 2
    assert same(resumed, fit(tensors, section.with_settings({"width": 24}), "roc_auc"))


SCRIPT = """
import sys
from pathlib import Path
from sevenfold.runtime import checkpoint
from sevenfold.plan.training import TrainingSection
from sevenfold.training.train import train

dataset, section, out, kept, seconds = sys.argv[1:]
checkpoint.Draft.__init__.__kwdefaults__["seconds"] = float(seconds)
train(Path(dataset), None, TrainingSection.model_validate_json(section), "roc_auc", Path(out), name="late",
      digests={"data": "sha256:0", "plan": "sha256:1"}, checkpoints=kept,
      on_progress=lambda message, done, total: print(done, flush=True))
"""


@pytest.fixture(scope="module")
def long(section: TrainingSection) -> TrainingSection:
    return section.replaced(max_epochs=60, patience=60)


def trained(mixed: Dataset, long: TrainingSection, out: Path, kept: Path | None, messages: list[str]) -> Trained:
    return train(
        mixed.folder,
        None,
        long,
        "roc_auc",
        out,
        name="late",
        digests={"data": "sha256:0", "plan": "sha256:1"},
        on_progress=lambda message, done, total: messages.append(message),
        checkpoints=str(kept) if kept else None,
    )


@pytest.fixture(scope="module")
def expected(mixed: Dataset, long: TrainingSection, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained(mixed, long, tmp_path_factory.mktemp("whole") / "bundle", None, [])


@pytest.mark.soak
@pytest.mark.parametrize(("sent", "seconds"), [(signal.SIGKILL, 0.0), (signal.SIGTERM, 30.0)])
def test_a_killed_training_ends_with_the_same_bundle(
    mixed: Dataset, long: TrainingSection, expected: Trained, tmp_path: Path, sent: signal.Signals, seconds: float
) -> None:
    """SIGKILL leaves what was written in time, SIGTERM also what was only at hand."""
    command = [sys.executable, "-c", SCRIPT, str(mixed.folder), long.model_dump_json(), str(tmp_path / "half")]
    with subprocess.Popen(
        [*command, str(tmp_path / "kept"), str(seconds)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = (int(line) for line in process.stdout)
        begun = next(time.monotonic() for done in lines if done)
        next(done for done in lines if time.monotonic() - begun > 1.2)
        process.send_signal(sent)
    assert process.returncode == (-sent if sent == signal.SIGKILL else 143)
    assert not (tmp_path / "half" / "manifest.json").exists()
    assert list((tmp_path / "kept").rglob("fit"))
    messages: list[str] = []
    resumed = trained(mixed, long, tmp_path / "bundle", tmp_path / "kept", messages)
    assert "going on from where an earlier attempt stopped" in messages
    assert resumed.digest == expected.digest
    assert not list((tmp_path / "kept").rglob("fit")), "a sealed bundle needs no checkpoint"


def test_a_state_of_a_gpu_is_not_taken_over_on_a_cpu(tensors: Tensors, section: TrainingSection) -> None:
    from safetensors.torch import load, save

    section = section.replaced(max_epochs=2)
    memory = Memory()
    expected = fit(tensors, section, "roc_auc", progress=memory)
    state = memory.states[0]
    assert state is not None
    length = int.from_bytes(state[:8], "little")
    header = json.loads(state[8 : 8 + length])["__metadata__"]
    other = save({**load(state), "generator.cuda": torch.zeros(16, dtype=torch.uint8)}, metadata=header)
    assert same(fit(tensors, section, "roc_auc", progress=(later := Memory(other))), expected)
    assert len(later.states) == len(expected.curve)
