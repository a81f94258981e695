"""Releases on this machine: promote the model of a run that waits for a person, and say where it serves."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tested_run import DIGEST, run_that_passed

from sevenfold.contracts.errors import PolicyError
from sevenfold.contracts.registry import LocalRegistry, Record
from sevenfold.contracts.service import LocalService, write_service
from sevenfold.pipelines.releases import SERVED, ReleaseTarget, promote, release_lines, status_lines
from sevenfold.pipelines.runs import RunFolder
from sevenfold.serving.compare import Comparison
from sevenfold.serving.deployment import Checks, Deployed
from sevenfold.serving.local.process import start_of


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


def test_the_status_says_where_watch_serves_and_where_labels_go(tmp_path: Path) -> None:
    home = tmp_path / "runs" / "demo"
    bundle = run_that_passed(RunFolder.create(home.parent, "demo").path, "demo-1", "").artifact("train-model", "bundle")
    assert bundle is not None
    LocalRegistry(home / "registry").promote(Record(name="demo", bundle=DIGEST, who="run 1"), bundle)
    none = "url       none: sevenfold watch does not serve it now"

    def told(runs: Path = home.parent) -> list[str]:
        return status_lines("demo", ReleaseTarget(runs=runs))[1:]

    assert told() == [none]
    (home / "watch.log").touch()
    served = LocalService(
        name="demo",
        url="http://127.0.0.1:4000",
        port=4000,
        digest=DIGEST,
        pid=os.getpid(),
        started=start_of(os.getpid()),
        log=str(home / "watch.log"),
    )
    write_service(served, home / SERVED)
    assert told() == ["url       http://127.0.0.1:4000"]
    write_service(served.model_copy(update={"feedback_port": 4001}), home / SERVED)
    assert told()[1:] == ["labels    http://127.0.0.1:4001/v1/models/demo:feedback"]
    shutil.copytree(home.parent, tmp_path / "copy")
    assert told(tmp_path / "copy") == [none], "that is the first project's"
    home.parent.rename(tmp_path / "moved")
    assert told(tmp_path / "moved")[0] == "url       http://127.0.0.1:4000"
    write_service(served.model_copy(update={"started": "1"}), tmp_path / "moved/demo" / SERVED)
    assert told(tmp_path / "moved") == [none], "the process is gone, and its number is another's"


@pytest.mark.parametrize(("score", "written"), [(57_664.248, "57,664"), (0.71449, "0.7145")])
def test_the_history_writes_scores_as_reports_do(tmp_path: Path, score: float, written: str) -> None:
    bundle = run_that_passed(tmp_path / "demo/1", "demo-1", "").artifact("train-model", "bundle")
    assert bundle is not None
    record = Record(name="demo", bundle=DIGEST, who="run 1", metric="rmse", scores={"rmse": score})
    LocalRegistry(tmp_path / "demo/registry").promote(record, bundle)
    (line,) = release_lines("demo", ReleaseTarget(runs=tmp_path))
    assert f"  rmse {written}  by run 1" in line
