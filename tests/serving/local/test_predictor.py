"""A predictor as a process of this machine: started, compared, judged and stopped; no other process is touched."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.errors import GateRefused, IntegrityError, ServingError
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.contracts.registry import LocalRegistry
from sevenfold.contracts.schema import Task
from sevenfold.contracts.service import SERVICE_FILE, LocalService
from sevenfold.plan.deployment import DeploymentSection
from sevenfold.serving.compare import compare
from sevenfold.serving.deployment import deployment_target
from sevenfold.serving.local import deploy as local_deploy
from sevenfold.serving.local.deploy import deploy_locally, judge_and_record
from sevenfold.serving.local.predictor import runs, start_predictor, stop_predictor
from sevenfold.serving.local.process import end_process, start_of

PLAN = DeploymentSection()


def service_of(pid: int, url: str) -> LocalService:
    """A service of a process that runs now."""
    port = int(url.rpartition(":")[2])
    return LocalService(name="x", url=url, port=port, digest="sha256:0", pid=pid, started=start_of(pid), log="x")


@pytest.fixture
def running(sample: Any, tmp_path: Path) -> Iterator[tuple[LocalService, Path]]:
    """A predictor and its service folder."""
    service = start_predictor(sample.bundle, name="flights", log=tmp_path / "log" / "predictor.log")
    write_json(tmp_path / "service" / SERVICE_FILE, service.model_dump(mode="json"))
    try:
        yield service, tmp_path / "service"
    finally:
        end_process(service.pid, service.started)


@pytest.fixture
def without_kserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """KServe's client has a test of its own; importing it takes seconds."""
    monkeypatch.setattr(local_deploy, "smoke_test", lambda *_: ())


def test_it_runs_until_it_is_stopped_as_the_one_that_was_started(running: tuple[LocalService, Path]) -> None:
    service, folder = running
    assert runs(service)
    # the number was given to a later process
    write_json(folder / SERVICE_FILE, service.model_copy(update={"started": "1"}).model_dump(mode="json"))
    assert not stop_predictor(folder)
    # it serves something else by now
    write_json(folder / SERVICE_FILE, service.model_copy(update={"digest": "sha256:0"}).model_dump(mode="json"))
    with pytest.raises(ServingError, match="serves sha256"):
        stop_predictor(folder)
    assert runs(service)
    write_json(folder / SERVICE_FILE, service.model_dump(mode="json"))
    assert stop_predictor(folder)
    assert not runs(service)
    assert not stop_predictor(folder)


def test_a_hung_predictor_is_stopped_too(tmp_path: Path) -> None:
    hung = subprocess.Popen(["sleep", "60"])
    service = service_of(hung.pid, "http://127.0.0.1:9")
    write_json(tmp_path / SERVICE_FILE, service.model_dump(mode="json"))
    assert stop_predictor(tmp_path)
    hung.wait(timeout=5)


def test_a_bundle_that_cannot_be_served_is_reported_with_the_log(sample: Any, tmp_path: Path) -> None:
    bundle = Bundle(
        sample.bundle.folder, sample.bundle.manifest.model_copy(update={"digest": "sha256:0"}), sample.bundle.info
    )
    with pytest.raises(ServingError, match="ended with status 1\\. ") as caught:
        start_predictor(bundle, name="flights", log=tmp_path / "predictor.log")
    assert caught.value.code == "predictor_ended"
    told = json.loads((tmp_path / "predictor.log").read_text().splitlines()[-1])
    assert told["code"] == "digest_mismatch"
    assert str(caught.value).endswith(f"{told['message']} {told['remedy']}".strip())


def test_a_predictor_that_does_not_come_up_in_time_is_ended(sample: Any, tmp_path: Path) -> None:
    with pytest.raises(ServingError, match="not ready within") as caught:
        start_predictor(sample.bundle, name="flights", log=tmp_path / "predictor.log", seconds=0.05)
    assert caught.value.code == "predictor_slow"


@pytest.mark.parametrize("task", list(Task))
def test_served_and_tested_agree(samples: dict[Task, Any], task: Task, server: Any, start: Any, tmp_path: Path) -> None:
    sample = samples[task]
    own = contextlib.nullcontext(server) if task is Task.BINARY else start(sample.bundle.folder, tmp_path / "server")
    with own as serving:
        comparison = compare(
            serving.url, "flights", sample.dataset, sample.bundle.signature, sample.evaluation, max_batch=128
        )
        assert (comparison.rows, comparison.requests, comparison.difference) == (300, 3, 0.0)
        assert 0 < comparison.latency_p50_ms <= comparison.latency_p95_ms <= comparison.latency_p99_ms
        # one prediction that differs from its test is noticed
        changed = shifted(sample.evaluation, tmp_path / "changed", 2e-5 if task is not Task.REGRESSION else 1e-3)
        with pytest.raises(ServingError, match="over 300 test rows") as caught:
            compare(serving.url, "flights", sample.dataset, sample.bundle.signature, changed, max_batch=1024)
        assert caught.value.code == "served_differs"
        if task is Task.BINARY:  # the same probabilities, but another threshold than was tested
            args = (serving.url, "flights", sample.dataset, sample.bundle.signature, sample.evaluation)
            with pytest.raises(ServingError, match="the class that was tested") as caught:
                compare(*args, max_batch=1024, threshold=0.75)
            assert caught.value.code == "served_differs"


def shifted(evaluation: Path, folder: Path, amount: float) -> Path:
    folder.mkdir()
    table = pq.read_table(evaluation / "predictions.parquet")
    name = table.column_names[0]
    values = table.column(name).to_numpy().copy()
    values[123] += amount
    pq.write_table(
        pa.table({**{n: table.column(n) for n in table.column_names}, name: values}), folder / "predictions.parquet"
    )
    return folder


def test_a_test_set_of_another_size_is_named(sample: Any, tmp_path: Path) -> None:
    pq.write_table(pq.read_table(sample.evaluation / "predictions.parquet")[:7], tmp_path / "predictions.parquet")
    with pytest.raises(IntegrityError, match="has 7"):
        compare("http://127.0.0.1:9", "x", sample.dataset, sample.bundle.signature, tmp_path, max_batch=10)


def test_deployed_judged_and_recorded(sample: Any, tmp_path: Path, without_kserve: None) -> None:
    out, registry = tmp_path / "service", LocalRegistry(tmp_path / "registry")
    deployed = deploy_locally(
        sample.dataset, sample.bundle, sample.evaluation, PLAN, name="flights", out=out, log=tmp_path / "p.log"
    )
    try:
        held = judge_and_record(
            out, PLAN.replaced(approval="manual"), registry=registry, run="r1", out=tmp_path / "held"
        )
        assert (held.decision, registry.current()) == ("hold", None)
        verdict = judge_and_record(out, PLAN, registry=registry, run="r1", out=tmp_path / "verdict")
        assert (verdict.decision, verdict.record) == ("promote", 1)
        assert registry.bundle(sample.bundle.digest).digest == sample.bundle.digest
        alone = judge_and_record(out, PLAN, registry=None, run="r1", out=tmp_path / "alone")
        assert (alone.decision, alone.record) == ("promote", 0)
    finally:
        assert stop_predictor(out)
    gone = judge_and_record(out, PLAN, registry=registry, run="r2", out=tmp_path / "gone")
    assert (gone.decision, gone.reason) == ("rollback", "predictor_gone")
    assert len(registry.history()) == 1
    assert deployed.checks.comparison.agrees


def undecided(sample: Any, folder: Path, undecided: str) -> Path:
    """Return the sample's evaluation as one whose rows did not decide."""
    folder.mkdir()
    shutil.copy(sample.evaluation / "predictions.parquet", folder)
    changed = {"decision": "undecided", "undecided": undecided}
    tested = Evaluation.open(sample.evaluation).model_copy(update=changed)
    tested.save(folder, rows=sample.dataset.rows("test"))
    return folder


def test_an_undecided_model_waits_for_a_person_though_approval_is_automatic(
    sample: Any, tmp_path: Path, without_kserve: None
) -> None:
    out, registry = tmp_path / "service", LocalRegistry(tmp_path / "registry")
    tested = undecided(sample, tmp_path / "evaluation", "hold")
    assert PLAN.approval == "automatic"
    deploy_locally(sample.dataset, sample.bundle, tested, PLAN, name="flights", out=out, log=tmp_path / "p.log")
    try:
        held = judge_and_record(out, PLAN, registry=registry, run="r1", out=tmp_path / "held")
    finally:
        assert stop_predictor(out)
    assert (held.decision, held.reason, registry.current()) == ("hold", "approval", None)


def test_an_undecided_model_is_not_deployed_where_the_serving_one_is_kept(sample: Any, tmp_path: Path) -> None:
    tested = undecided(sample, tmp_path / "evaluation", "keep")
    with pytest.raises(GateRefused, match="left this one undecided") as caught:
        deploy_locally(
            sample.dataset, sample.bundle, tested, PLAN, name="flights", out=tmp_path / "s", log=tmp_path / "p.log"
        )
    assert caught.value.code == "refused"


def test_nothing_is_left_running_when_the_checks_fail(
    sample: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = subprocess.Popen(["sleep", "60"])
    service = service_of(predictor.pid, "http://127.0.0.1:9")

    def fail(*_: Any) -> None:
        assert runs(service)
        raise ServingError("smoke_failed", "No.")

    monkeypatch.setattr(local_deploy, "start_predictor", lambda *_, **__: service)
    monkeypatch.setattr(local_deploy, "smoke_test", fail)
    out = tmp_path / "service"
    with pytest.raises(ServingError, match="No"):
        deploy_locally(
            sample.dataset, sample.bundle, sample.evaluation, PLAN, name="flights", out=out, log=tmp_path / "p.log"
        )
    assert not runs(service)
    assert not out.exists()
    predictor.wait(timeout=5)


def test_what_was_not_tested_is_not_deployed(sample: Any, make: Any, tmp_path: Path) -> None:
    other = make("other", seed=3)
    with pytest.raises(IntegrityError, match="must be of bundle"):
        deploy_locally(
            other.dataset, other.bundle, sample.evaluation, PLAN, name="f", out=tmp_path / "o", log=tmp_path / "l"
        )
    refused = other.evaluation / "evaluation.json"
    refused.write_text(refused.read_text().replace('"promote"', '"refuse"'))
    from sevenfold.contracts.manifest import seal

    seal(other.evaluation, expected=())
    with pytest.raises(GateRefused):
        deploy_locally(
            other.dataset, other.bundle, other.evaluation, PLAN, name="f", out=tmp_path / "o", log=tmp_path / "l"
        )


def test_the_target_of_a_plan() -> None:
    assert deployment_target(PLAN, in_cluster=False) == "local"
    assert deployment_target(PLAN.replaced(target="local"), in_cluster=True) == "local"
    for section, inside in ((PLAN, True), (PLAN.replaced(target="kserve"), False)):
        assert deployment_target(section, in_cluster=inside) == "kserve"


def test_another_server_on_the_port_is_not_ours(sample: Any, tmp_path: Path) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        service = service_of(sleeper.pid, f"http://127.0.0.1:{server.server_port}")
        write_json(tmp_path / SERVICE_FILE, service.model_dump(mode="json"))
        with pytest.raises(ServingError, match="another server"):
            stop_predictor(tmp_path)
        assert runs(service)
    finally:
        sleeper.kill()
        sleeper.wait()
        thread.join()
        server.server_close()
