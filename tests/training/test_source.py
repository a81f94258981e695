from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.training import TrainingSection
from sevenfold.training.pytorch.fit import fit
from sevenfold.training.pytorch.kind import NetworkKind
from sevenfold.training.pytorch.model import Model
from sevenfold.training.pytorch.tensors import Tensors
from sevenfold.training.rehearsal import rehearse
from sevenfold.training.source import load_source, source_digest

NETWORK = """
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, signature):
        super().__init__()
        self.layer = nn.Linear(len(signature.numeric), signature.outputs)

    def forward(self, numeric, categorical):
        values = self.layer(numeric)
        {last}


def build_model(signature, **settings):
    return Network(signature)
"""


def test_a_package_may_import_its_own_modules(tmp_path: Path) -> None:
    package = tmp_path / "own"
    package.mkdir()
    (package / "parts.py").write_text("WIDTH = 7\n")
    (package / "__init__.py").write_text("from .parts import WIDTH\n\ndef build_model(signature):\n    return WIDTH\n")
    before = source_digest(package)
    assert load_source(str(package)).build_model(None) == 7
    assert source_digest(package) == before, "compiled files must not count"
    (package / "parts.py").write_text("WIDTH = 8\n")
    assert load_source(str(package)).build_model(None) == 8
    assert source_digest(package) != before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("def other(): ...", "build_model"),
        ("import not_a_package_that_exists", "source_broken"),
        ("1 +", "source_broken"),
    ],
)
def test_a_source_that_cannot_be_used_is_an_error(source: Callable[[str], str], body: str, code: str) -> None:
    with pytest.raises(TrainingError, match=r"own\.py") as caught:
        load_source(source(body))
    assert caught.value.code == code


def test_a_source_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for name in ("none.py", "."):
        with pytest.raises(TrainingError) as caught:
            load_source(str(tmp_path / name))
        assert caught.value.code == "source_missing"


@pytest.mark.parametrize("result", ["3", "missing_name"])
def test_build_model_must_give_a_network(
    tensors: Tensors, section: TrainingSection, source: Callable[[str], str], result: str
) -> None:
    own = section.replaced(source=source(f"def build_model(signature, **settings):\n    return {result}\n"))
    with pytest.raises(TrainingError, match=r"build_model of own\.py") as caught:
        fit(tensors, own, "roc_auc")
    assert caught.value.code == "build_model"


@pytest.mark.parametrize(
    ("last", "code"),
    [
        ("return values", ""),
        ("return values + torch.rand_like(values)", "export_differs"),
        ("return values if values.sum() > 0 else -values", "not_exportable"),
    ],
)
def test_a_rehearsal_refuses_what_cannot_be_exported(
    mixed: Dataset, tensors: Tensors, section: TrainingSection, source: Callable[[str], str], last: str, code: str
) -> None:
    own = section.replaced(source=source(NETWORK.format(last=last)))
    if not code:
        assert rehearse(NetworkKind(Model.of(own)), mixed, own, "roc_auc") <= 1e-6
        return
    with pytest.raises(TrainingError) as caught:
        rehearse(NetworkKind(Model.of(own)), mixed, own, "roc_auc")
    assert caught.value.code == code
