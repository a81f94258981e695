"""What doctor says of clusters, played by a small API server."""

from __future__ import annotations

import contextlib
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.errors import PolicyError
from sevenfold.contracts.schema import Column, Kind, Role, Task
from sevenfold.pipelines.doctor import show_check
from sevenfold.pipelines.kubeflow.check import Check, ClusterTarget
from sevenfold.pipelines.kubeflow.cluster_checks import cluster_checks, require_cluster, same_cluster
from sevenfold.pipelines.kubeflow.engine import Engine
from sevenfold.pipelines.kubeflow.kserve_checks import CRD
from sevenfold.pipelines.kubeflow.kubeflow_checks import pipelines_check
from sevenfold.pipelines.kubeflow.namespace_checks import SERVING
from sevenfold.plan import DataSection, Plan

ENGINE = "/api/v1/namespaces/kubeflow/configmaps/workflow-controller-configmap"
SETTINGS = "/api/v1/namespaces/kserve/configmaps/inferenceservice-config"
CONTROLLER = "/apis/apps/v1/namespaces/kserve/deployments/kserve-controller-manager"
RUNTIME = f"{SERVING}/namespaces/team/servingruntimes/sevenfold"
FETCHER = f"{SERVING}/clusterstoragecontainers/default"
SECRET = "/api/v1/namespaces/kubeflow/secrets/store-keys"  # noqa: S105 — a path
PROMETHEUS = "/api/v1/namespaces/sevenfold-monitoring/services/http:prometheus:9090/proxy/api/v1/targets"
# read when kubernetes is first imported, whoever does that
KUBECONFIG_LOCATIONS = [f"kubernetes.config.{module}KUBE_CONFIG_DEFAULT_LOCATION" for module in ("", "kube_config.")]
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
INSIDE = "/api/v1/namespaces/kubeflow/services/http:ml-pipeline:8888/proxy/apis/v2beta1/experiments"
GONE, HIDDEN = 404, 403


@pytest.fixture
def plan() -> Plan:
    columns = {"x": Column(kind=Kind.NUMBER), "y": Column(kind=Kind.CATEGORY, role=Role.TARGET)}
    data = DataSection(source="t.csv", target="y", task=Task.BINARY, columns=columns)
    given = {"version": 1, "name": "trains", "data": data, "secrets": {"storage": "store-keys"}}
    return Plan.model_validate({**given, "deployment": {"namespace": "team"}})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    world: dict[str, Any] = {**WELL, "may": True, "rights": {}, "asked": [], "authorization": None}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith("/apis/v2beta1/") and self.headers["Authorization"] != world["authorization"]:
                self.respond(401)
                return
            world["asked"].append((path, self.headers["Accept"]))
            self.respond(world.get(path, GONE))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            verb, who = body["spec"]["resourceAttributes"]["verb"], body["spec"].get("user", "").rpartition(":")[2]
            review = "accessreviews" in self.path and verb in ("patch", "get", "list")
            allowed = world["rights"].get((who, verb), world["may"])
            self.respond({"status": {"allowed": allowed}} if review else GONE)

        def respond(self, value: Any) -> None:
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
        for location in KUBECONFIG_LOCATIONS:
            monkeypatch.setattr(location, str(tmp_path / "config"))
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
    assert checks_of(plan)["runtime"].fine is fine
    if fine is False:
        with pytest.raises(PolicyError, match=r"kubectl apply --server-side -k config/runtimes"):
            require_cluster(plan, ClusterTarget())
    else:
        require_cluster(plan, ClusterTarget())


def checks_of(plan: Plan | None, **target: str) -> dict[str, Check]:
    return {check.name: check for check in cluster_checks(plan, ClusterTarget(**target))}


def test_a_cluster_that_has_everything(server: dict[str, Any], plan: Plan) -> None:
    checks = checks_of(plan)
    assert [name for name, check in checks.items() if check.fine is not True] == []
    assert checks["strategy"].finding == "this cluster allows canary and replace"
    assert checks["Prometheus"].finding.endswith("1 of 2 targets are up")
    assert checks["Kubeflow Pipelines"].finding == "2.17.0, found in the cluster"
    require_cluster(plan, ClusterTarget())


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
    check = checks_of(plan)[name]
    assert check.fine is False
    assert remedy in check.remedy
    with pytest.raises(PolicyError, match=name) as caught:
        require_cluster(plan, ClusterTarget())
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
    check = checks_of(other)[name]
    assert check.fine is False
    assert check.remedy
    require_cluster(other, ClusterTarget())


def test_replace_works_where_canary_does_not(server: dict[str, Any], plan: Plan) -> None:
    server[CRD] = schema("predictor")
    other = plan.model_copy(update={"deployment": plan.deployment.replaced(strategy="replace")})
    assert checks_of(other)["strategy"].fine is True


def test_what_may_not_be_seen_stops_nobody(server: dict[str, Any], plan: Plan) -> None:
    server.update({path: HIDDEN for path in WELL if path != "/version"})
    checks = checks_of(plan)
    assert {check.fine for name, check in checks.items() if name not in ("cluster", "rights")} == {None}
    require_cluster(plan, ClusterTarget())


KUBEFLOW = "/apis/v2beta1/experiments"
WORKFLOWS = "/apis/argoproj.io/v1alpha1/namespaces/kubeflow/workflows"


def experiment(number: str) -> dict[str, Any]:
    return {"experiments": [{"experiment_id": number}]}


@pytest.mark.parametrize(
    ("changed", "checked", "finding"),
    [
        ({INSIDE: experiment("its-id")}, True, "has the Kubeflow at"),
        ({INSIDE: experiment("another")}, False, "is not the cluster of"),
        ({INSIDE: HIDDEN}, False, "may not be the cluster of"),
        ({INSIDE: HIDDEN, WORKFLOWS: {"items": [{"kind": "Workflow"}]}}, True, "has the newest run of"),
        ({INSIDE: HIDDEN, WORKFLOWS: {"items": []}}, False, "may not be the cluster of"),
        ({KUBEFLOW: {}, INSIDE: {}}, False, "may not be the cluster of"),
    ],
)
def test_another_clusters_faults_stop_nobody_and_that_is_said(
    server: dict[str, Any], plan: Plan, changed: dict[str, Any], checked: bool, finding: str
) -> None:
    server.update({"/apis/v2beta1/healthz": {"multi_user": False}, RUNTIME: GONE, KUBEFLOW: experiment("its-id")})
    server["/apis/v2beta1/runs"] = {"runs": [{"run_id": "r1"}]}
    server.update(changed)
    engine, shown = Engine(server["url"]), list[Check]()
    target = ClusterTarget(endpoint=server["url"])
    assert checks_of(plan, endpoint=server["url"])["runtime"].fine is False
    with pytest.raises(PolicyError) if checked else contextlib.nullcontext():
        require_cluster(plan, target, engine, shown.append)
    assert finding in same_cluster(engine, target).finding
    assert [check.fine for check in shown] == ([] if checked else [None])


PLAN = """\
version: 1
name: trains
data: {source: t.csv, target: y, task: binary, columns: {x: {kind: number}, y: {kind: category, role: target}}}
deployment: {namespace: team}
"""


def test_the_cluster_of_a_kubeflow_with_a_login_is_checked_with_the_login(
    server: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiments = {"experiments": [{"experiment_id": "its-id"}]}
    server.update({"/apis/v2beta1/experiments": experiments, INSIDE: experiments, RUNTIME: GONE})
    server.update({"/apis/v2beta1/healthz": {"multi_user": False}, "authorization": "Bearer a-token"})
    (tmp_path / "plan.yaml").write_text(PLAN)
    monkeypatch.setenv("KF_PIPELINES_TOKEN", "a-token")
    root = f"file://{tmp_path}"
    done = CliRunner().invoke(app, ["submit", str(tmp_path / "plan.yaml"), "--endpoint", server["url"], "--root", root])
    assert isinstance(done.exception, PolicyError)
    assert done.exception.code == "cluster"
    assert "runtime" in done.exception.message


def test_no_value_of_a_secret_is_asked_for(server: dict[str, Any], plan: Plan) -> None:
    checks = checks_of(plan)
    assert VALUE not in repr(checks)
    accepts = [accept for path, accept in server["asked"] if "/secrets/" in path]
    assert accepts and all("PartialObjectMetadata" in accept for accept in accepts)
    server["asked"].clear()
    server["may"] = False
    assert checks_of(plan)["secrets.storage"].fine is None
    assert not [path for path, _ in server["asked"] if "/secrets/" in path]


@pytest.mark.parametrize(
    ("reads", "deploys", "refused"),
    [(True, False, ""), (False, False, "promotions"), (True, True, "separation")],
)
def test_of_a_split_run_who_tests_reads_and_does_not_deploy(
    server: dict[str, Any], plan: Plan, reads: bool, deploys: bool, refused: str
) -> None:
    server["rights"] = {("tester", "list"): reads, ("tester", "patch"): deploys, ("releaser", "patch"): True}
    accounts = {"account": "releaser", "tester": "tester"}
    checks = checks_of(plan, **accounts)
    assert (checks["promotions"].fine, checks["separation"].fine) == (reads, not deploys)
    assert "promotions" not in checks_of(plan, account="releaser")
    with pytest.raises(PolicyError, match=f"{refused}: tester of kubeflow") if refused else contextlib.nullcontext():
        require_cluster(plan, ClusterTarget(**accounts))


BEHIND = "/api/v1/namespaces/watch/services/https:thanos:9091/proxy/prom/api/v1/targets"
LOGIN = "/api/v1/namespaces/kubeflow/secrets/metrics-login"


@pytest.mark.parametrize(
    ("answers", "fine", "finding"),
    [({BEHIND: PROMETHEUS}, True, "1 of 2 targets"), ({BEHIND: HIDDEN}, None, "a login"), ({}, False, "not answer")],
)
def test_a_prometheus_behind_a_login_is_looked_at_where_it_is(
    server: dict[str, Any], plan: Plan, answers: dict[str, Any], fine: bool | None, finding: str
) -> None:
    server.update({path: server.get(value, value) for path, value in answers.items()})
    watched = plan.monitoring.replaced(prometheus="https://thanos.watch.svc:9091/prom")
    check = checks_of(plan.model_copy(update={"monitoring": watched}))["Prometheus"]
    assert check.fine is fine
    assert finding in check.finding


def test_a_run_without_the_login_it_names_is_refused(server: dict[str, Any], plan: Plan) -> None:
    named = plan.model_copy(update={"secrets": plan.secrets.replaced(prometheus="metrics-login")})
    assert checks_of(named)["secrets.prometheus"].remedy.endswith(
        "generic metrics-login --from-literal=PROMETHEUS_TOKEN=…"
    )
    with pytest.raises(PolicyError, match=r"secrets\.prometheus"):
        require_cluster(named, ClusterTarget())
    server[LOGIN] = {"kind": "Secret"}
    require_cluster(named, ClusterTarget())


def test_a_wrong_endpoint_is_named(server: dict[str, Any]) -> None:
    check = checks_of(None, endpoint="http://127.0.0.1:9")["Kubeflow Pipelines"]
    assert check.fine is False
    assert "does not answer" in check.finding


def test_without_a_kubeconfig_a_submission_says_so(
    server: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, plan: Plan
) -> None:
    server.update({"/apis/v2beta1/healthz": {"multi_user": False}, KUBEFLOW: experiment("its-id")})
    engine, shown = Engine(server["url"]), list[Check]()
    for location in KUBECONFIG_LOCATIONS:
        monkeypatch.setattr(location, str(tmp_path / "none"))
    require_cluster(plan, ClusterTarget(endpoint=server["url"]), engine, shown.append)
    [check] = shown
    assert check.fine is None
    assert "It was not checked" in check.finding
    console = Console(file=io.StringIO(), width=200)
    show_check(console, check)
    assert console.file.getvalue().startswith("? cluster ")


def test_without_a_kubeconfig_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, plan: Plan) -> None:
    for location in KUBECONFIG_LOCATIONS:
        monkeypatch.setattr(location, str(tmp_path / "none"))
    checks = checks_of(plan)
    assert list(checks) == ["cluster"]
    assert checks["cluster"].fine is None
    require_cluster(plan, ClusterTarget())


def fitting_on(plan: Plan, gpus: dict[str, int], trials: int = 3) -> Plan:
    changed = {"training": {"device": "cuda"}, "tuning": {"trials": trials}}
    return plan.model_validate(
        plan.model_dump(mode="json") | changed | {"resources": {stage: {"gpu": count} for stage, count in gpus.items()}}
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
    from sevenfold.pipelines.kubeflow.plan_checks import gpu_checks

    checks = list(gpu_checks(fitting_on(plan, gpus, trials)))
    assert [check.name for check in checks if check.fine is False] == [f"GPU of {stage}" for stage in missing]


def test_a_gpu_that_is_not_reserved_is_told_where_no_cluster_can_be_read(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for location in KUBECONFIG_LOCATIONS:
        monkeypatch.setattr(location, str(tmp_path / "none"), raising=False)
    with pytest.raises(PolicyError, match=r"Set resources\.training\.gpu: 1"):
        require_cluster(fitting_on(plan, {"tuning": 1}), ClusterTarget())


def test_a_proxy_that_httpx_cannot_use_is_a_failed_check_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    check = pipelines_check(ClusterTarget(endpoint="http://127.0.0.1:9"), None)
    assert check.fine is False
