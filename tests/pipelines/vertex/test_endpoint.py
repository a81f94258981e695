"""A release on an endpoint of Vertex AI: its own client by REST, against a stand-in with its own protocol types."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import types
from google_cloud import GoogleCloud, error
from predicted_rows import predicted
from tested_run import DIGEST, LABEL, predictor, run_that_passed

from sevenfold.contracts.errors import PolicyError, ServingError, TemporaryError
from sevenfold.contracts.registry import Record
from sevenfold.pipelines.endpoint.promotions import BucketPromotions
from sevenfold.pipelines.result import Result
from sevenfold.pipelines.store import Store
from sevenfold.pipelines.vertex.release import released
from sevenfold.pipelines.vertex.run import VertexRun
from sevenfold.pipelines.vertex.service import Service
from sevenfold.plan import parse_plan
from sevenfold.serving.cloud_metrics.google import CloudMonitoring
from sevenfold.serving.cloud_metrics.settings import MetricsSettings
from sevenfold.serving.kserve import observe

OLD = "0" * 12
OLD_ID, NEW_ID = "1", str(int(LABEL[:8], 16))
NAME = "projects/our-models/locations/europe-west4/endpoints/demo"
MODEL = "projects/our-models/locations/europe-west4/models/demo@2"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The predictor of the bundle, as its container on Vertex AI would answer."""
    with predictor(tmp_path_factory.mktemp("predictor")) as url:
        yield f"{url}/v1/models/golden:predict"


class Releaser:
    """Releases a run's bundle as the command does, without its pauses."""

    def __init__(self, cloud: GoogleCloud, plan_file: Path, serving: str = "{machine: n1-standard-4}") -> None:
        self.cloud, self.said = cloud, list[str]()
        self.text = plan_file.read_text() + f"  serving: {serving}\n"
        self.folder = plan_file.parent / "runs/demo/1"

    def release(self, more: str = "", run: str = "demo-1", decision: str = "promote") -> Result:
        plan = parse_plan(self.text + more)
        assert plan.vertex is not None
        url, nap = self.cloud.url, lambda seconds: None
        service = Service(plan.vertex, logging=url, monitoring=url, sleep=nap)
        folder = run_that_passed(self.folder / str(len(self.said)), run, self.text + more, decision=decision)
        before = Result(folder=folder.path, state="tested", sentence="", exit_status=0)
        sent, store = VertexRun(run, "demo", folder), Store(plan.vertex.root)
        return released(sent, service, store, before, MODEL, self.said.append)


@pytest.fixture
def releaser(cloud: GoogleCloud, plan_file: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> Releaser:
    cloud.endpoints.predictor = address
    monkeypatch.setattr(observe.time, "sleep", lambda seconds: None)
    return Releaser(cloud, plan_file)


def serve_old(cloud: GoogleCloud, *more: Any, label: str = "demo") -> None:
    """Let an older version take all requests, by record too."""
    old = types.DeployedModel(id=OLD_ID, display_name=OLD)
    split = {OLD_ID: 100, **{one.id: 0 for one in more}}
    made = types.Endpoint(
        name=NAME, deployed_models=[old, *more], traffic_split=split, labels={"sevenfold-plan": label}
    )
    made.update_time = "2026-01-01T00:00:00Z"
    cloud.endpoints.kept[NAME] = made
    record = Record(name="demo", bundle=f"sha256:{OLD}{'f' * 52}", who="automatic", number=1)
    cloud.objects["ours/runs/demo/registry/history/00000001.json"] = record.model_dump_json().encode()


def users_are_predicted(cloud: GoogleCloud, rows: int, *, moved: bool = False, endpoint: str = "demo") -> None:
    """Let a container of the candidate write what it predicted, once somebody reads."""
    settings = MetricsSettings(
        to="cloud_monitoring", endpoint=endpoint, project="our-models", region="europe-west4", address=cloud.url
    )
    replica = CloudMonitoring(settings, cloud.url, time.time())
    cloud.written.before_reading.append(lambda: replica.send(predicted(rows, moved=moved), None))


def current() -> Record | None:
    return BucketPromotions(Store("gs://ours/runs"), "demo").current()


def test_the_first_version_becomes_an_endpoint_that_answers_as_the_bundle_does(releaser: Releaser) -> None:
    result = releaser.release()
    assert (result.state, result.exit_status) == ("promoted", 0)
    made = releaser.cloud.endpoints.kept[NAME]
    (deployed,) = made.deployed_models
    assert (deployed.display_name, deployed.model, dict(made.traffic_split)) == (LABEL, MODEL, {NEW_ID: 100})
    assert deployed.dedicated_resources.machine_spec.machine_type == "n1-standard-4"
    assert deployed.service_account == "runner@our-models.iam.gserviceaccount.com"
    assert made.labels["sevenfold-plan"] == "demo"
    record = current()
    assert record is not None
    assert (record.number, record.bundle, record.run, record.scores) == (1, DIGEST, "demo-1", {"log_loss": 0.5})
    kept = f"ours/runs/demo/registry/bundles/{DIGEST.removeprefix('sha256:')}/manifest.json"
    assert kept in releaser.cloud.objects


def test_a_good_canary_is_promoted_and_the_old_version_is_undeployed(releaser: Releaser) -> None:
    serve_old(releaser.cloud)
    end = releaser.cloud.endpoints
    end.counted = {NEW_ID: {"2xx": 299, "4xx": 3, "5xx": 1}, OLD_ID: {"2xx": 2_700}}
    users_are_predicted(releaser.cloud, 299)
    end.latency_ms = {NEW_ID: 12.0, OLD_ID: 11.0}
    result = releaser.release()
    assert result.state == "promoted"
    assert end.changes == [
        f"deploy {LABEL}",
        f"split {dict(sorted({OLD_ID: 90, NEW_ID: 10}.items()))}",
        f"split {dict(sorted({OLD_ID: 0, NEW_ID: 100}.items()))}",
        f"undeploy {OLD_ID}",
    ]
    assert "300 requests" in current().reason  # type: ignore[union-attr]
    assert (result.report or Path()).is_file()


def test_a_bad_canary_is_withdrawn_and_the_run_is_not_decided_twice(releaser: Releaser) -> None:
    serve_old(releaser.cloud)
    end = releaser.cloud.endpoints
    end.counted, end.latency_ms = {NEW_ID: {"2xx": 200, "5xx": 50}}, {NEW_ID: 12.0}
    users_are_predicted(releaser.cloud, 200)
    result = releaser.release()
    assert (result.state, result.exit_status) == ("rolled back", 3)
    assert "20.00% of 250 requests failed" in result.sentence
    assert [one.display_name for one in end.kept[NAME].deployed_models] == [OLD]
    assert current().bundle.startswith(f"sha256:{OLD}")  # type: ignore[union-attr]
    changes = list(end.changes)
    assert releaser.release().state == "rolled back"
    assert end.changes == changes


def test_a_version_that_does_not_come_up_is_named_and_what_serves_stays(releaser: Releaser) -> None:
    serve_old(releaser.cloud)
    releaser.cloud.endpoints.broken = {MODEL}
    with pytest.raises(ServingError, match="never became ready") as late:
        releaser.release()
    assert late.value.code == "endpoint_failed"
    assert dict(releaser.cloud.endpoints.kept[NAME].traffic_split) == {OLD_ID: 100}
    releaser.cloud.endpoints.broken = set()
    releaser.cloud.endpoints.counted = {NEW_ID: {"2xx": 300}}
    releaser.cloud.endpoints.latency_ms = {NEW_ID: 12.0}
    users_are_predicted(releaser.cloud, 300)
    assert releaser.release().state == "promoted"


def test_a_lost_answer_deploys_nothing_twice(releaser: Releaser) -> None:
    serve_old(releaser.cloud)
    end = releaser.cloud.endpoints
    end.counted, end.latency_ms = {NEW_ID: {"2xx": 300}}, {NEW_ID: 12.0}
    users_are_predicted(releaser.cloud, 300)
    deploy = end._deploy

    def lost(*arguments: Any) -> Any:
        releaser.cloud.lost_answers = 1
        end._deploy = deploy  # type: ignore[method-assign]
        return deploy(*arguments)

    end._deploy = lost  # type: ignore[method-assign]
    with pytest.raises(TemporaryError):
        releaser.release()
    assert releaser.release().state == "promoted"
    assert end.changes.count(f"deploy {LABEL}") == 1


def test_who_may_not_read_the_metrics_learns_it_before_a_user_gets_the_candidate(releaser: Releaser) -> None:
    serve_old(releaser.cloud)
    releaser.cloud.endpoints.forbidden = True
    with pytest.raises(PolicyError) as denied:
        releaser.release()
    assert (denied.value.code, "roles/monitoring.viewer" in denied.value.remedy) == ("vertex_permission", True)
    assert releaser.cloud.endpoints.kept[NAME].traffic_split[OLD_ID] == 100


@pytest.mark.parametrize(
    ("label", "more"), [("other", []), ("demo", [types.DeployedModel(id="7", display_name="by hand")])]
)
def test_an_endpoint_of_somebody_else_is_not_touched(releaser: Releaser, label: str, more: list[Any]) -> None:
    serve_old(releaser.cloud, *more, label=label)
    with pytest.raises(PolicyError) as foreign:
        releaser.release()
    assert (foreign.value.code, releaser.cloud.endpoints.changes) == ("endpoint_foreign", [])


@pytest.mark.parametrize(("more", "decision"), [("deployment: {approval: manual}\n", "promote"), ("", "undecided")])
def test_what_waits_for_a_person_gets_no_requests(releaser: Releaser, more: str, decision: str) -> None:
    serve_old(releaser.cloud)
    result = releaser.release(more, decision=decision)
    assert (result.state, "waits for a person" in result.sentence) == ("waiting", True)
    assert releaser.cloud.endpoints.changes == [f"deploy {LABEL}"]
    assert dict(releaser.cloud.endpoints.kept[NAME].traffic_split) == {OLD_ID: 100, NEW_ID: 0}


def test_a_private_endpoint_has_no_canary(plan_file: Path) -> None:
    from sevenfold.pipelines.vertex.definition import vertex_section

    network = "  network: projects/1/global/networks/ours\n"
    with pytest.raises(PolicyError, match=r"vertex\.network is set"):
        vertex_section(parse_plan(plan_file.read_text() + f"  serving: {{}}\n{network}"))


def test_a_version_that_an_earlier_call_is_still_deploying_is_waited_for(releaser: Releaser) -> None:
    """The service says that it is there already, and shows it once it is ready."""
    serve_old(releaser.cloud)
    end = releaser.cloud.endpoints
    end.counted, end.latency_ms = {NEW_ID: {"2xx": 300}}, {NEW_ID: 12.0}
    users_are_predicted(releaser.cloud, 300)
    deploy = end._deploy

    def busy(*arguments: Any) -> Any:
        deploy(*arguments)
        return 409, error(409, "ALREADY_EXISTS", "It is being deployed.")

    end._deploy = busy  # type: ignore[method-assign]
    assert releaser.release().state == "promoted"


@pytest.mark.parametrize("setting", ["canary: {accept_replay: true}", "strict_fields: true", "max_batch: 7"])
def test_what_an_endpoint_cannot_do_is_refused_with_the_plan(cloud: GoogleCloud, plan_file: Path, setting: str) -> None:
    from sevenfold.pipelines.vertex.definition import vertex_section

    plan = parse_plan(plan_file.read_text() + f"  serving: {{}}\ndeployment: {{{setting}}}\n")
    with pytest.raises(PolicyError, match=setting.partition(":")[0]) as refused:
        vertex_section(plan)
    assert refused.value.code == "endpoint_setting"


def test_a_canary_whose_predictions_moved_is_withdrawn(releaser: Releaser) -> None:
    """By what its containers wrote themselves to Cloud Monitoring."""
    serve_old(releaser.cloud)
    end = releaser.cloud.endpoints
    end.counted, end.latency_ms = {NEW_ID: {"2xx": 300}, OLD_ID: {"2xx": 2_700}}, {NEW_ID: 12.0, OLD_ID: 12.0}
    users_are_predicted(releaser.cloud, 150, moved=True)  # two replicas
    users_are_predicted(releaser.cloud, 150, moved=True)
    users_are_predicted(releaser.cloud, 150, endpoint="another")
    result = releaser.release()
    assert result.state == "rolled back"
    assert "the predictions of 300 requests are spread otherwise" in result.sentence


def test_a_plan_without_metrics_judges_no_predictions(cloud: GoogleCloud, plan_file: Path, releaser: Releaser) -> None:
    quiet = Releaser(cloud, plan_file, "{metrics: false}")
    serve_old(cloud)
    cloud.endpoints.counted, cloud.endpoints.latency_ms = {NEW_ID: {"2xx": 300}}, {NEW_ID: 12.0}
    users_are_predicted(cloud, 300, moved=True)
    assert quiet.release().state == "promoted"
