"""What doctor says of clusters, played by a small API server."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from sevenfold.contracts.errors import PolicyError
from sevenfold.contracts.schema import Column, Kind, Role, Task
from sevenfold.pipelines.kubeflow.check import Check
from sevenfold.pipelines.kubeflow.cluster_checks import cluster_checks, require_cluster
from sevenfold.pipelines.kubeflow.kserve_checks import CRD
from sevenfold.pipelines.kubeflow.namespace_checks import SERVING
from sevenfold.pipelines.kubeflow.target import Place
from sevenfold.plan import DataSection, Plan

ENGINE = "/api/v1/namespaces/kubeflow/configmaps/workflow-controller-configmap"
SETTINGS = "/api/v1/namespaces/kserve/configmaps/inferenceservice-config"
CONTROLLER = "/apis/apps/v1/namespaces/kserve/deployments/kserve-controller-manager"
RUNTIME = f"{SERVING}/namespaces/team/servingruntimes/sevenfold"
FETCHER = f"{SERVING}/clusterstoragecontainers/default"
SECRET = "/api/v1/namespaces/kubeflow/secrets/store-keys"  # noqa: S105 — a path
PROMETHEUS = "/api/v1/namespaces/sevenfold-monitoring/services/http:prometheus:9090/proxy/api/v1/targets"
# read when kubernetes is first imported, whoever does that
KUBECONFIG_PLACES = [f"kubernetes.config.{module}KUBE_CONFIG_DEFAULT_LOCATION" for module in ("", "kube_config.")]
VALUE = "the-value-of-the-secret"


def schema(*fields: str) -> dict[str, Any]:
    spec = {"properties": {name: {} for name in fields}}
    return {"spec": {"versions": [{"schema": {"openAPIV3Schema": {"properties": {"spec": spec}}}}]}}


def controller(version: str) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"image": f"kserve/kserve-controller:{version}"}]}}}}


def ingress(on: bool) -> dict[str, Any]:
    return {"data": {"ingress": json.dumps({"enableGatewayApi": on, "kserveIngressGateway": "kserve/way"})}}


WELL: dict[str, Any] = {
    "/version": {"gitVersion": "v1.34.0"},
    "/api/v1/namespaces/kubeflow/services/http:ml-pipeline:8888/proxy/apis/v2beta1/healthz": {"tag_name": "2.17.0"},
    ENGINE: {"data": {"workflowDefaults": 'lastRetry.message contains "retryable"'}},
    CRD: schema("predictor", "canary"),
    CONTROLLER: controller("v0.21.0"),
    SETTINGS: ingress(True),
    "/apis/gateway.networking.k8s.io/v1/namespaces/kserve/gateways/way": {"kind": "Gateway"},
    "/api/v1/namespaces/team": {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
    RUNTIME: {"kind": "ServingRuntime"},
    "/api/v1/namespaces/team/serviceaccounts/predictor": {"kind": "ServiceAccount"},
    FETCHER: {"spec": {"container": {"securityContext": {"runAsNonRoot": True}}}},
    SECRET: {"kind": "Secret", "data": {"AWS_ACCESS_KEY_ID": VALUE}},
    PROMETHEUS: {"status": "success", "data": {"activeTargets": [{"health": "up"}, {"health": "down"}]}},
}
GONE, HIDDEN = 404, 403


@pytest.fixture
def plan() -> Plan:
    columns = {"x": Column(kind=Kind.NUMBER), "y": Column(kind=Kind.CATEGORY, role=Role.TARGET)}
    data = DataSection(source="t.csv", target="y", task=Task.BINARY, columns=columns)
    given = {"version": 1, "name": "trains", "data": data, "secrets": {"storage": "store-keys"}}
    return Plan.model_validate({**given, "deployment": {"namespace": "team"}})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    world: dict[str, Any] = {**WELL, "may": True, "rights": {}, "asked": []}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            world["asked"].append((path, self.headers["Accept"]))
            self.tell(world.get(path, GONE))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            verb, who = body["spec"]["resourceAttributes"]["verb"], body["spec"].get("user", "").rpartition(":")[2]
            review = "accessreviews" in self.path and verb in ("patch", "get", "list")
            allowed = world["rights"].get((who, verb), world["may"])
            self.tell({"status": {"allowed": allowed}} if review else GONE)

        def tell(self, value: Any) -> None:
            body = json.dumps({} if isinstance(value, int) else value).encode()
            self.send_response(value if isinstance(value, int) else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        world["url"] = f"http://127.0.0.1:{http.server_port}"
        named = {"name": "it", "cluster": {"server": f"http://127.0.0.1:{http.server_port}"}}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [named],
            "users": [{"name": "it", "user": {}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "current-context": "it",
        }
        (tmp_path / "config").write_text(yaml.safe_dump(config))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        for place in KUBECONFIG_PLACES:
            monkeypatch.setattr(place, str(tmp_path / "config"))
        yield world
        http.shutdown()
        thread.join()


CLUSTER_RUNTIME = f"{SERVING}/clusterservingruntimes/kserve-tensorflow-serving"
OWN_RUNTIME = f"{SERVING}/namespaces/team/servingruntimes/kserve-tensorflow-serving"


@pytest.mark.parametrize(
    ("changed", "fine"),
    [
        ({}, False),
        ({CLUSTER_RUNTIME: {"kind": "ClusterServingRuntime"}}, True),
        ({OWN_RUNTIME: {"kind": "ServingRuntime"}}, True),
        ({CLUSTER_RUNTIME: HIDDEN}, None),
    ],
)
def test_tensorflow_serving_wants_kserves_own_runtime(
    server: dict[str, Any], plan: Plan, changed: dict[str, Any], fine: bool | None
) -> None:
    server.update({RUNTIME: GONE, **changed})
    wanted = plan.deployment.replaced(runtime="tensorflow-serving", strategy="replace")
    plan = plan.model_copy(update={"deployment": wanted})
    found = told(plan)["runtime"]
    assert found.fine is fine
    if fine is False:
        with pytest.raises(PolicyError, match=r"kubectl apply --server-side -k config/runtimes"):
            require_cluster(plan, Place())
    else:
        require_cluster(plan, Place())


def told(plan: Plan | None, **place: str) -> dict[str, Check]:
    return {check.name: check for check in cluster_checks(plan, Place(**place))}


def test_a_cluster_that_has_everything(server: dict[str, Any], plan: Plan) -> None:
    found = told(plan)
    assert [name for name, check in found.items() if check.fine is not True] == []
    assert found["strategy"].found == "this cluster allows canary and replace"
    assert found["Prometheus"].found.endswith("1 of 2 targets are up")
    assert found["Kubeflow Pipelines"].found == "2.17.0, found in the cluster"
    require_cluster(plan, Place())


@pytest.mark.parametrize(
    ("changed", "name", "remedy"),
    [
        ({CRD: schema("predictor")}, "strategy", "deployment.strategy: replace, or: install KServe 0.21"),
        ({CONTROLLER: controller("v0.20.0")}, "strategy", "deployment.strategy: replace, or: install KServe 0.21"),
        ({SETTINGS: ingress(False)}, "strategy", "deployment.strategy: replace, or: kubectl -n kserve patch"),
        ({"/api/v1/namespaces/team": GONE}, "namespace", "kubectl apply --server-side -k"),
        ({RUNTIME: GONE}, "runtime", "kubectl apply --server-side -k"),
        ({"may": False}, "rights", "kubectl apply --server-side -k"),
        ({FETCHER: {"spec": {"container": {"name": "x"}}}}, "model fetcher", "kubectl patch clusterstoragecontainer"),
    ],
)
def test_what_no_run_survives_is_refused_before_it(
    server: dict[str, Any], plan: Plan, changed: dict[str, Any], name: str, remedy: str
) -> None:
    server.update(changed)
    check = told(plan)[name]
    assert check.fine is False
    assert remedy in check.remedy
    with pytest.raises(PolicyError, match=name) as caught:
        require_cluster(plan, Place())
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({SECRET: GONE}, "secrets.storage"),
        ({PROMETHEUS: GONE}, "Prometheus"),
        ({SETTINGS: ingress(False)}, "Gateway API"),
    ],
)
def test_what_a_run_may_survive_is_only_told(
    server: dict[str, Any], plan: Plan, changed: dict[str, Any], name: str
) -> None:
    server.update(changed)
    other = plan.model_copy(update={"deployment": plan.deployment.replaced(strategy="replace")})
    check = told(other)[name]
    assert check.fine is False
    assert check.remedy
    require_cluster(other, Place())


def test_replace_works_where_canary_does_not(server: dict[str, Any], plan: Plan) -> None:
    server[CRD] = schema("predictor")
    other = plan.model_copy(update={"deployment": plan.deployment.replaced(strategy="replace")})
    assert told(other)["strategy"].fine is True


def test_what_may_not_be_seen_stops_nobody(server: dict[str, Any], plan: Plan) -> None:
    server.update({path: HIDDEN for path in WELL if path != "/version"})
    found = told(plan)
    assert {check.fine for name, check in found.items() if name not in ("cluster", "rights")} == {None}
    require_cluster(plan, Place())


@pytest.mark.parametrize(("here", "refused"), [("its-id", True), ("another", False)])
def test_another_clusters_faults_stop_nobody(server: dict[str, Any], plan: Plan, here: str, refused: bool) -> None:
    path = "/apis/v2beta1/experiments"
    server[path] = {"experiments": [{"experiment_id": "its-id"}]}
    inside = f"/api/v1/namespaces/kubeflow/services/http:ml-pipeline:8888/proxy{path}"
    server.update({inside: {"experiments": [{"experiment_id": here}]}, RUNTIME: GONE})
    server["/apis/v2beta1/healthz"] = {"tag_name": "2.17.0"}
    place = Place(endpoint=server["url"])
    assert told(plan, endpoint=server["url"])["runtime"].fine is False
    with pytest.raises(PolicyError) if refused else contextlib.nullcontext():
        require_cluster(plan, place)


def test_no_value_of_a_secret_is_asked_for(server: dict[str, Any], plan: Plan) -> None:
    found = told(plan)
    assert VALUE not in repr(found)
    accepts = [accept for path, accept in server["asked"] if "/secrets/" in path]
    assert accepts and all("PartialObjectMetadata" in accept for accept in accepts)
    server["asked"].clear()
    server["may"] = False
    assert told(plan)["secrets.storage"].fine is None
    assert not [path for path, _ in server["asked"] if "/secrets/" in path]


@pytest.mark.parametrize(
    ("reads", "deploys", "refused"),
    [(True, False, ""), (False, False, "promotions"), (True, True, "separation")],
)
def test_of_a_split_run_who_tests_reads_and_does_not_deploy(
    server: dict[str, Any], plan: Plan, reads: bool, deploys: bool, refused: str
) -> None:
    server["rights"] = {("tester", "list"): reads, ("tester", "patch"): deploys, ("releaser", "patch"): True}
    place = {"account": "releaser", "tester": "tester"}
    found = told(plan, **place)
    assert (found["promotions"].fine, found["separation"].fine) == (reads, not deploys)
    assert "promotions" not in told(plan, account="releaser")
    with pytest.raises(PolicyError, match=f"{refused}: tester of kubeflow") if refused else contextlib.nullcontext():
        require_cluster(plan, Place(**place))


BEHIND = "/api/v1/namespaces/watch/services/https:thanos:9091/proxy/prom/api/v1/targets"
LOGIN = "/api/v1/namespaces/kubeflow/secrets/metrics-login"


@pytest.mark.parametrize(
    ("answers", "fine", "found"),
    [({BEHIND: PROMETHEUS}, True, "1 of 2 targets"), ({BEHIND: HIDDEN}, None, "a login"), ({}, False, "not answer")],
)
def test_a_prometheus_behind_a_login_is_looked_at_where_it_is(
    server: dict[str, Any], plan: Plan, answers: dict[str, Any], fine: bool | None, found: str
) -> None:
    server.update({path: server.get(value, value) for path, value in answers.items()})
    watched = plan.monitoring.replaced(prometheus="https://thanos.watch.svc:9091/prom")
    check = told(plan.model_copy(update={"monitoring": watched}))["Prometheus"]
    assert check.fine is fine
    assert found in check.found


def test_a_run_without_the_login_it_names_is_refused(server: dict[str, Any], plan: Plan) -> None:
    named = plan.model_copy(update={"secrets": plan.secrets.replaced(prometheus="metrics-login")})
    assert told(named)["secrets.prometheus"].remedy.endswith("generic metrics-login --from-literal=PROMETHEUS_TOKEN=…")
    with pytest.raises(PolicyError, match=r"secrets\.prometheus"):
        require_cluster(named, Place())
    server[LOGIN] = {"kind": "Secret"}
    require_cluster(named, Place())


def test_a_wrong_endpoint_is_named(server: dict[str, Any]) -> None:
    check = told(None, endpoint="http://127.0.0.1:9")["Kubeflow Pipelines"]
    assert check.fine is False
    assert "does not answer" in check.found


def test_without_a_kubeconfig_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, plan: Plan) -> None:
    for place in KUBECONFIG_PLACES:
        monkeypatch.setattr(place, str(tmp_path / "none"))
    found = told(plan)
    assert list(found) == ["cluster"]
    assert found["cluster"].fine is None
    require_cluster(plan, Place())


def fitting_on(plan: Plan, gpus: dict[str, int], trials: int = 3) -> Plan:
    told = {"training": {"device": "cuda"}, "tuning": {"trials": trials}}
    return plan.model_validate(
        plan.model_dump(mode="json") | told | {"resources": {stage: {"gpu": count} for stage, count in gpus.items()}}
    )


@pytest.mark.parametrize(
    ("gpus", "trials", "missing"),
    [
        ({}, 3, ["tuning", "training"]),
        ({"training": 1}, 3, ["tuning"]),
        ({"training": 1}, 0, []),
        ({}, 0, ["training"]),
    ],
)
def test_a_fit_on_a_gpu_needs_one_reserved(plan: Plan, gpus: dict[str, int], trials: int, missing: list[str]) -> None:
    from sevenfold.pipelines.kubeflow.gpu_check import gpu_checks

    checks = list(gpu_checks(fitting_on(plan, gpus, trials)))
    assert [check.name for check in checks if check.fine is False] == [f"GPU of {stage}" for stage in missing]


def test_a_gpu_that_is_not_reserved_is_told_where_no_cluster_can_be_read(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for place in KUBECONFIG_PLACES:
        monkeypatch.setattr(place, str(tmp_path / "none"), raising=False)
    with pytest.raises(PolicyError, match=r"Set resources\.training\.gpu: 1"):
        require_cluster(fitting_on(plan, {"tuning": 1}), Place())
