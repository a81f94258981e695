"""Promote, on this machine, the model of a run that waits for a person."""

from __future__ import annotations

from pathlib import Path

import pytest
from tested_run import DIGEST, run_that_passed

from sevenfold.contracts.errors import PolicyError
from sevenfold.contracts.registry import LocalRegistry, Record
from sevenfold.contracts.service import LocalService
from sevenfold.pipelines.releases import ReleaseTarget, promote
from sevenfold.pipelines.runs import RunFolder
from sevenfold.serving.compare import Comparison
from sevenfold.serving.deployment import Checks, Deployed


@pytest.mark.parametrize("state", [None, "promoted", "refused", "running"])
def test_only_a_model_that_waits_is_promoted(tmp_path: Path, state: str | None) -> None:
    if state is not None:
        folder = RunFolder.create(tmp_path, "flights")
        (folder.path / "artifacts/flights-1/deploy-model/service").mkdir(parents=True)
        folder.record(state=state)
    with pytest.raises(PolicyError, match="waits for a person, but has none") as caught:
        promote("flights", ReleaseTarget(runs=tmp_path), "", print)
    assert caught.value.code == "nothing_waits"


def test_a_model_that_waits_in_a_folder_that_was_moved_is_promoted(tmp_path: Path) -> None:
    folder = run_that_passed(RunFolder.create(tmp_path / "runs", "demo").path, "demo-1", "")
    bundle = folder.artifact("train-model", "bundle")
    candidate = Record(name="demo", bundle=DIGEST, who="run 1")
    compared = Comparison(rows=1, requests=1, difference=0.0, limit=1e-6)
    gone = LocalService(name="demo", url="", port=1, digest=DIGEST, pid=1, started="", log="")
    checks = Checks(smoke=(), comparison=compared, bundle=str(bundle), candidate=candidate)
    Deployed(gone, checks).save(folder.path / "artifacts/demo-1/deploy-model/service")
    folder.record(state="waiting")
    (tmp_path / "runs").rename(tmp_path / "moved")
    promote("demo", ReleaseTarget(runs=tmp_path / "moved"), "looked at it", print)
    record = LocalRegistry(tmp_path / "moved/demo/registry").current()
    assert record is not None
    assert (record.bundle, record.reason) == (DIGEST, "looked at it")
