from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sevenfold import images
from sevenfold.drift.telemetry import METRICS
from sevenfold.monitoring.dashboards.catalogue import DASHBOARDS

Objects = list[dict[str, Any]]


def of_kind(objects: Objects, *kinds: str) -> Objects:
    return [item for item in objects if item["kind"] in kinds]


def containers(objects: Objects) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield (name, pod spec, container) of everything of ours that runs."""
    for item in of_kind(objects, "Deployment", "ServingRuntime"):
        pod = item["spec"]["template"]["spec"] if item["kind"] == "Deployment" else item["spec"]
        for container in pod["containers"]:
            yield f"{item['metadata']['name']}/{container['name']}", pod, container


def test_the_namespaces_enforce_the_restricted_standard(overlay: Objects) -> None:
    namespaces = of_kind(overlay, "Namespace")
    assert namespaces
    for namespace in namespaces:
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_every_container_is_confined_bounded_and_probed(overlay: Objects) -> None:
    seen = list(containers(overlay))
    assert seen
    for name, pod, container in seen:
        security = {**pod.get("securityContext", {}), **container["securityContext"]}
        assert security["readOnlyRootFilesystem"] is True, name
        assert security["allowPrivilegeEscalation"] is False, name
        assert security["runAsNonRoot"] is True and security["runAsUser"] >= 10_000, name
        assert security["capabilities"] == {"drop": ["ALL"]}, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for bound in ("requests", "limits"):
            assert set(container["resources"][bound]) == {"cpu", "memory", "ephemeral-storage"}, name
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert "httpGet" in container[probe], name  # nothing to execute is in the predictor
        tag = container["image"].rpartition(":")[2]
        assert tag != "latest" and tag[0].isalnum() and "/" not in tag, name
        for volume in pod["volumes"]:
            assert "hostPath" not in volume, name
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"], name


def test_no_role_gives_more_than_it_names(overlay: Objects) -> None:
    assert not of_kind(overlay, "ClusterRole", "ClusterRoleBinding")
    for role in of_kind(overlay, "Role"):
        for rule in role["rules"]:
            every = [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
            assert "*" not in every
            assert not {"escalate", "bind", "impersonate"} & set(rule["verbs"])
            assert not {"secrets", "pods/exec", "pods/attach", "serviceaccounts/token"} & set(rule["resources"])
            assert "rbac.authorization.k8s.io" not in rule["apiGroups"]


def test_the_predictor_may_do_nothing(overlay: Objects) -> None:
    subjects = [subject["name"] for binding in of_kind(overlay, "RoleBinding") for subject in binding["subjects"]]
    assert "predictor" not in subjects
    account = next(a for a in of_kind(overlay, "ServiceAccount") if a["metadata"]["name"] == "predictor")
    assert account["automountServiceAccountToken"] is False


def test_no_secret_value_is_in_a_manifest(overlay: Objects) -> None:
    assert not of_kind(overlay, "Secret")


def test_every_namespace_denies_by_default(overlay: Objects) -> None:
    for namespace in of_kind(overlay, "Namespace"):
        name = namespace["metadata"]["name"]
        policies = [p["spec"] for p in of_kind(overlay, "NetworkPolicy") if p["metadata"]["namespace"] == name]
        closed = [p for p in policies if p["podSelector"] == {} and set(p["policyTypes"]) == {"Ingress", "Egress"}]
        assert len(closed) == 1
        assert "ingress" not in closed[0]
        assert [port["port"] for rule in closed[0]["egress"] for port in rule["ports"]] == [53, 53]


def test_an_edge_that_is_allowed_names_its_ports(overlay: Objects) -> None:
    for policy in of_kind(overlay, "NetworkPolicy"):
        for rule in (*policy["spec"].get("ingress", ()), *policy["spec"].get("egress", ())):
            assert all(isinstance(port["port"], int) for port in rule["ports"])


def test_the_metadata_service_and_private_ranges_are_out_of_reach(overlays: dict[str, Objects]) -> None:
    storage = next(p for p in of_kind(overlays["cluster"], "NetworkPolicy") if p["metadata"]["name"] == "storage")
    blocks = [to["ipBlock"] for rule in storage["spec"]["egress"] for to in rule["to"]]
    assert {"169.254.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} <= set(blocks[0]["except"])


def test_the_runtime_runs_the_predictor_that_exists(overlay: Objects) -> None:
    runtime = of_kind(overlay, "ServingRuntime")[0]["spec"]
    container = runtime["containers"][0]
    assert container["image"] == images.SERVE
    known = subprocess.run([sys.executable, "-m", "sevenfold.serving", "--help"], capture_output=True, text=True).stdout
    for argument in container["args"]:
        assert argument.partition("=")[0] in known
    pods = runtime["labels"].items()
    for budget in of_kind(overlay, "PodDisruptionBudget"):
        assert budget["spec"]["selector"]["matchLabels"].items() <= pods


def test_a_pod_that_goes_is_scraped_once_more(overlays: dict[str, Objects]) -> None:
    runtime = of_kind(overlays["kind"], "ServingRuntime")[0]["spec"]["containers"][0]
    answering = runtime["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain = float(next(a for a in runtime["args"] if a.startswith("--drain-seconds")).partition("=")[2])
    assert answering + drain < 30  # Kubernetes kills what takes longer
    config = next(
        yaml.safe_load(item["data"]["prometheus.yml"])
        for item in of_kind(overlays["kind"], "ConfigMap")
        if "prometheus.yml" in item["data"]
    )
    monitor = of_kind(overlays["cluster"], "PodMonitor")[0]["spec"]["podMetricsEndpoints"][0]
    for interval in (config["global"]["scrape_interval"], monitor["interval"]):
        assert answering >= 2 * float(interval.removesuffix("s"))


def test_a_team_that_sets_the_settings_shares_nothing_with_another(render_copy: Callable[..., Objects]) -> None:
    objects = render_copy(
        "cluster",
        **{
            "namespace: sevenfold": "namespace: team-blue",
            "ghcr.io/sevenfold/sevenfold__python__serve:0.1.0": "registry.blue/serve:1",
            "pipelines_namespace: kubeflow": "pipelines_namespace: blue-pipelines",
            "pipelines_account: pipeline__runner": "pipelines_account: default-editor",
            "gateway_namespace: envoy__gateway__system": "gateway_namespace: istio-ingress",
            "prometheus_namespace: monitoring": "prometheus_namespace: observability",
        },
    )
    assert {item["kind"] for item in objects if "namespace" not in item["metadata"]} == {"Namespace"}
    assert {item["metadata"].get("namespace", "team-blue") for item in objects} == {"team-blue"}
    assert [item["metadata"]["name"] for item in of_kind(objects, "Namespace")] == ["team-blue"]
    subjects = [s for binding in of_kind(objects, "RoleBinding") for s in binding["subjects"]]
    assert {(s["namespace"], s["name"]) for s in subjects} == {
        ("team-blue", "deployer"),
        ("blue-pipelines", "default-editor"),
    }
    predictor = next(p for p in of_kind(objects, "NetworkPolicy") if p["metadata"]["name"] == "predictor")
    sources = [s["namespaceSelector"]["matchLabels"] for s in predictor["spec"]["ingress"][0]["from"]]
    assert [s["kubernetes.io/metadata.name"] for s in sources] == ["istio-ingress", "blue-pipelines", "observability"]
    assert of_kind(objects, "ServingRuntime")[0]["spec"]["containers"][0]["image"] == "registry.blue/serve:1"


def test_the_settings_reach_a_receiver(render_copy: Callable[..., Objects]) -> None:
    objects = render_copy(
        "cluster",
        **{
            "namespace: sevenfold": "namespace: team-blue",
            "pipelines_account: pipeline__runner": "pipelines_account: default-editor",
            "prometheus_namespace: monitoring": "prometheus_namespace: observability",
            "  - ../../components/settings": "  - ../../components/retrain\n  - ../../components/settings",
        },
    )
    [deployment] = of_kind(objects, "Deployment")
    assert deployment["metadata"]["namespace"] == "team-blue"
    assert "--service-account=default-editor" in deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    policy = next(p for p in of_kind(objects, "NetworkPolicy") if p["metadata"]["name"] == "retrain")
    source = policy["spec"]["ingress"][0]["from"][0]["namespaceSelector"]["matchLabels"]
    assert source["kubernetes.io/metadata.name"] == "observability"


@pytest.mark.parametrize(
    ("component", "setting", "annotation"),
    [
        ("storage-identity-aws", "predictor_aws_role", "eks.amazonaws.com/role-arn"),
        ("storage-identity-google", "predictor_google_account", "iam.gke.io/gcp-service-account"),
    ],
)
def test_a_cloud_identity_takes_the_place_of_the_secret(
    render_copy: Callable[..., Objects], component: str, setting: str, annotation: str
) -> None:
    objects = render_copy(
        "cluster",
        **{
            "  - ../../components/storage__secret": f"  - ../../components/{component}",
            "  pipelines_namespace:": f"  {setting}: someone\n  pipelines_namespace:",
        },
    )
    account = next(a for a in of_kind(objects, "ServiceAccount") if a["metadata"]["name"] == "predictor")
    assert account["metadata"]["annotations"] == {annotation: "someone"}
    assert "secrets" not in account


def test_the_rules_and_dashboards_are_those_of_the_code(manifests: Path) -> None:
    spec = importlib.util.spec_from_file_location("write_rules", manifests / "write_rules.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for path, text in module.files().items():
        assert path.read_text() == text, f"run python manifests/write_rules.py: {path.name} is old"


def test_prometheus_takes_the_rules(manifests: Path) -> None:
    if not shutil.which("promtool"):
        pytest.skip("needs promtool")
    rules = manifests / "components/monitoring/files/rules.yml"
    done = subprocess.run(["promtool", "check", "rules", str(rules)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert any(metric.name in rules.read_text() for metric in METRICS)


def test_grafana_finds_its_data_source(overlays: dict[str, Objects]) -> None:
    data = {key: value for item in of_kind(overlays["kind"], "ConfigMap") for key, value in item["data"].items()}
    source = yaml.safe_load(data["datasources.yml"])["datasources"][0]
    services = {
        item["metadata"]["name"]: item["spec"]["ports"][0]["port"] for item in of_kind(overlays["kind"], "Service")
    }
    host, _, port = source["url"].removeprefix("http://").partition(":")
    assert services[host] == int(port)


@pytest.mark.parametrize(
    ("overlay", "name", "labels"),
    [("kind", "grafana-dashboards", {}), ("cluster", "sevenfold-dashboards", {"grafana_dashboard": "1"})],
)
def test_grafana_is_given_every_dashboard(
    overlays: dict[str, Objects], overlay: str, name: str, labels: dict[str, str]
) -> None:
    held = next(item for item in of_kind(overlays[overlay], "ConfigMap") if item["metadata"]["name"].startswith(name))
    assert {key.removesuffix(".json") for key in held["data"]} == set(DASHBOARDS)
    assert all(json.loads(text)["panels"] for text in held["data"].values())
    assert labels.items() <= held["metadata"].get("labels", {}).items()
    assert sum(map(len, held["data"].values())) < 1 << 20, "a ConfigMap holds 1 MiB"


def test_one_object_per_file_named_by_its_kind(manifests: Path) -> None:
    for path in [*manifests.glob("base/*.yaml"), *manifests.glob("components/*/*.yaml")]:
        documents = list(yaml.safe_load_all(path.read_text()))
        assert len(documents) == 1, path
        kind = documents[0]["kind"].lower()
        if path.name != "kustomization.yaml":
            assert path.stem == kind or path.stem.endswith(f"-{kind}"), path


def test_a_profile_keeps_its_namespace_and_only_predictors_are_cut_off(render_copy: Callable[..., Objects]) -> None:
    objects = render_copy(
        "cluster",
        **{
            "namespace: sevenfold": "namespace: team-blue",
            "pipelines_namespace: kubeflow": "pipelines_namespace: team-blue",
            "  - ../../components/settings": "  - ../../components/profile\n  - ../../components/settings",
        },
    )
    assert not of_kind(objects, "Namespace", "LimitRange")
    assert {item["metadata"]["namespace"] for item in objects} == {"team-blue"}
    policies = of_kind(objects, "NetworkPolicy")
    assert len(policies) == 3
    for policy in policies:
        labels = policy["spec"]["podSelector"]["matchLabels"]
        assert (
            labels.items()
            <= {
                "app.kubernetes.io/part-of": "sevenfold",
                "app.kubernetes.io/component": "predictor",
            }.items()
        )
    binding = next(item for item in of_kind(objects, "RoleBinding") if item["metadata"]["name"] == "pipeline-runner")
    assert binding["subjects"][0]["namespace"] == "team-blue"


def test_the_right_over_ray_is_the_one_that_doctor_asks_for(overlays: dict[str, Objects]) -> None:
    from sevenfold.pipelines.kubeflow.object_checks import VERBS

    [role] = [item for item in of_kind(overlays["kind"], "Role") if item["metadata"]["name"] == "ray-cluster"]
    assert role["metadata"]["namespace"] == "kubeflow", "where the pods of pipelines run"
    assert role["rules"] == [{"apiGroups": ["ray.io"], "resources": ["rayjobs"], "verbs": list(VERBS)}]


def test_the_right_over_train_jobs_is_the_one_that_doctor_asks_for(overlays: dict[str, Objects]) -> None:
    from sevenfold.pipelines.kubeflow.object_checks import VERBS

    [role] = [item for item in of_kind(overlays["kind"], "Role") if item["metadata"]["name"] == "train-job"]
    assert role["metadata"]["namespace"] == "kubeflow", "where the pods of pipelines run"
    assert role["rules"] == [{"apiGroups": ["trainer.kubeflow.org"], "resources": ["trainjobs"], "verbs": list(VERBS)}]
