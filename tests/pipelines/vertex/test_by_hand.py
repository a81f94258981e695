"""A person decides on Vertex AI: what waits is deployed without requests, promoted, put back, withdrawn."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import types
from google_cloud import GoogleCloud
from predicted_rows import REFERENCE, predicted
from tested_run import DIGEST, GOLDEN, LABEL, predictor, run_that_passed
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.registry import Record
from sevenfold.pipelines.endpoint.promotions import BucketPromotions
from sevenfold.pipelines.result import Result
from sevenfold.pipelines.store import Store
from sevenfold.pipelines.vertex import service
from sevenfold.pipelines.vertex.release import released
from sevenfold.pipelines.vertex.run import BUNDLE_LABEL, PLAN_LABEL, VertexRun
from sevenfold.pipelines.vertex.service import Service
from sevenfold.plan import parse_plan
from sevenfold.serving.cloud_metrics.google import CloudMonitoring
from sevenfold.serving.cloud_metrics.settings import MetricsSettings

OLD_BUNDLE = GOLDEN.parents[1] / "4/bundle"
OLD_DIGEST = Bundle.open(OLD_BUNDLE).digest
OLD = OLD_DIGEST.removeprefix("sha256:")[:12]
OLD_ID, NEW_ID = (str(int(label[:8], 16)) for label in (OLD, LABEL))
PARENT = "projects/our-models/locations/europe-west4"
NAME = f"{PARENT}/endpoints/demo"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with predictor(tmp_path_factory.mktemp("predictor")) as url:
        yield f"{url}/v1/models/golden:predict"


class Person:
    """Somebody whose plan says `approval: manual`, in the folder of its runs."""

    def __init__(self, cloud: GoogleCloud, plan_file: Path) -> None:
        self.cloud, self.runs = cloud, plan_file.parent / "runs"
        self.text = plan_file.read_text() + "  serving: {}\ndeployment: {approval: manual}\n"
        versions = [
            types.Model(
                name=f"{PARENT}/models/demo",
                version_id=str(number),
                labels={PLAN_LABEL: "demo", BUNDLE_LABEL: digest.removeprefix("sha256:")[:63]},
            )
            for number, digest in enumerate((OLD_DIGEST, DIGEST), start=1)
        ]
        cloud.models[f"{PARENT}/models/demo"] = versions

    def follow(self, run: str = "demo-1") -> Result:
        """What `follow` does once the test was passed and the bundle registered."""
        plan = parse_plan(self.text)
        assert plan.vertex is not None
        path = self.runs / "demo" / f"vertex-{run[-1]}"
        shutil.rmtree(path, ignore_errors=True)
        folder = run_that_passed(path, run, self.text)
        folder.record(target="vertex", vertex=plan.vertex.model_dump(mode="json"), root=plan.vertex.root, started=run)
        before = Result(folder=folder.path, state="tested", sentence="", exit_status=0)
        sent, store = VertexRun(run, "demo", folder), Store(plan.vertex.root)
        made = Service(plan.vertex, logging=self.cloud.url, sleep=lambda seconds: None)
        return released(sent, made, store, before, f"{PARENT}/models/demo@2", print)

    def says(self, *command: str) -> Any:
        first, *more = command
        given = [first, "demo", "--target", "vertex", "--runs", str(self.runs), *more]
        return CliRunner().invoke(app, given, env={"COLUMNS": "200"})

    @property
    def split(self) -> dict[str, int]:
        return dict(self.cloud.endpoints.kept[NAME].traffic_split)


@pytest.fixture
def person(cloud: GoogleCloud, plan_file: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setattr(service, "MONITORING", cloud.url)
    cloud.endpoints.predictor = address
    return Person(cloud, plan_file)


def serve_old(cloud: GoogleCloud) -> None:
    """The older bundle takes all requests, and was promoted."""
    deployed = types.DeployedModel(id=OLD_ID, display_name=OLD)
    made = types.Endpoint(
        name=NAME, deployed_models=[deployed], traffic_split={OLD_ID: 100}, labels={PLAN_LABEL: "demo"}
    )
    made.update_time = "2026-01-01T00:00:00Z"
    cloud.endpoints.kept[NAME] = made
    record = Record(name="demo", bundle=OLD_DIGEST, who="automatic")
    BucketPromotions(Store("gs://ours/runs"), "demo").promote(record, OLD_BUNDLE)


def test_what_waits_is_deployed_without_requests_and_a_person_promotes_it(person: Person) -> None:
    serve_old(person.cloud)
    result = person.follow()
    assert (result.state, result.exit_status, person.split) == ("waiting", 0, {OLD_ID: 100, NEW_ID: 0})
    status = person.says("status").output
    assert f"waiting   {DIGEST[:19]}, 0 % of the requests" in status
    assert f"version   {OLD}  100 % of the requests" in status
    done = person.says("promote", "--reason", "looked at ten of them")
    assert done.exit_code == 0, done.output
    assert person.split == {NEW_ID: 100}
    assert "(looked at ten of them)" in done.output
    lines = person.says("history").output.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "1"]
    assert DIGEST[:19] in lines[0]
    assert "nothing" in person.says("status").output.splitlines()[1]
    assert person.follow().state == "promoted"  # whoever follows it again
    assert person.split == {NEW_ID: 100}


def test_a_rollback_deploys_the_earlier_version_again(person: Person) -> None:
    serve_old(person.cloud)
    person.follow()
    person.says("promote")
    done = person.says("rollback", "--reason", "too late for the gate")
    assert done.exit_code == 0, done.output
    assert person.split == {OLD_ID: 100}
    deployed = person.cloud.endpoints.kept[NAME].deployed_models[0]
    assert deployed.model == f"{PARENT}/models/demo@1"
    first = person.says("history").output.splitlines()[0]
    assert ("rollback" in first, OLD_DIGEST[:19] in first, "too late for the gate" in first) == (True, True, True)
    again = person.says("rollback")
    assert getattr(again.exception, "code", "") == "nothing_to_roll_back"
    assert person.says("rollback", "--to", DIGEST).exit_code == 0
    assert person.split == {NEW_ID: 100}


def test_a_person_may_withdraw_what_waits(person: Person) -> None:
    serve_old(person.cloud)
    person.follow()
    assert f"withdrew {DIGEST[:19]}" in person.says("rollback", "--candidate").output
    assert person.split == {OLD_ID: 100}
    assert person.follow().state == "rolled back"
    assert "no candidate waits" in person.says("rollback", "--candidate").output
    assert getattr(person.says("promote").exception, "code", "") == "nothing_waits"


def test_a_first_version_waits_in_the_registry_and_is_deployed_by_its_promotion(person: Person) -> None:
    assert person.follow().state == "waiting"
    assert person.cloud.endpoints.kept == {}
    assert "waiting   sha256:" in person.says("status").output
    assert person.says("promote").exit_code == 0
    assert person.split == {NEW_ID: 100}


def test_status_tells_of_drift_over_all_replicas(person: Person) -> None:
    person.follow()
    person.says("promote")
    assert "drift     no verdict: 0 rows of the last 60 minutes, over all replicas" in person.says("status").output
    settings = MetricsSettings(
        to="cloud_monitoring",
        endpoint="demo",
        project="our-models",
        region="europe-west4",
        address=person.cloud.url,
    )
    feature = min(REFERENCE.features, key=lambda name: REFERENCE.features[name].counts[0] / REFERENCE.rows)

    def replica(rows: int, drifted: str = "") -> None:
        sink = CloudMonitoring(settings, person.cloud.url, time.time() - 60)
        sink.send(predicted(rows, drifted=drifted, moment=time.time() - 1), None)

    replica(150)
    assert "no verdict: 15" in person.says("status").output
    replica(150)
    assert "drift     stable: 30" in person.says("status").output
    replica(300, feature)
    lines = person.says("status").output.splitlines()
    assert "drift     drifted: 6" in lines[-2]
    assert f"          {feature}  PSI" in lines[-1]
    person.cloud.written.unreadable = True
    last = person.says("status").output.splitlines()[-1]
    assert "drift     is not known: You must be allowed to read Cloud Monitoring" in last
    assert "--role=roles/monitoring.viewer" in last


def test_a_cloud_without_a_run_from_here_is_named(person: Person) -> None:
    refused = person.says("status")
    assert getattr(refused.exception, "code", "") == "no_runs"
