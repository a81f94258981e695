"""Promote, on this machine, the model of a run that waits for a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.releases import ReleaseTarget, promote
from sevenfold.pipelines.runs import RunFolder


@pytest.mark.parametrize("state", [None, "promoted", "refused", "running"])
def test_only_a_model_that_waits_is_promoted(tmp_path: Path, state: str | None) -> None:
    if state is not None:
        folder = RunFolder.create(tmp_path, "flights")
        (folder.path / "artifacts/flights-1/deploy-model/service").mkdir(parents=True)
        folder.record(state=state)
    with pytest.raises(PolicyError, match="waits for a person, but has none") as caught:
        promote("flights", ReleaseTarget(runs=tmp_path), "", print)
    assert caught.value.code == "nothing_waits"
