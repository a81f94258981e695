"""What the API server of a cluster answers where nothing is missing, for tests of the checks before a run."""

from __future__ import annotations

import json
from typing import Any

from sevenfold.pipelines.check import Check
from sevenfold.pipelines.kubeflow.cluster_checks import cluster_checks
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.pipelines.kubeflow.kserve_checks import CRD
from sevenfold.pipelines.kubeflow.namespace_checks import SERVING
from sevenfold.plan import Plan

ENGINE = "/api/v1/namespaces/kubeflow/configmaps/workflow-controller-configmap"
SETTINGS = "/api/v1/namespaces/kserve/configmaps/inferenceservice-config"
CONTROLLER = "/apis/apps/v1/namespaces/kserve/deployments/kserve-controller-manager"
RUNTIME = f"{SERVING}/namespaces/team/servingruntimes/sevenfold"
FETCHER = f"{SERVING}/clusterstoragecontainers/default"
SECRET = "/api/v1/namespaces/kubeflow/secrets/store-keys"  # noqa: S105 — a path
PROMETHEUS = "/api/v1/namespaces/sevenfold-monitoring/services/http:prometheus:9090/proxy/api/v1/targets"
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
KUBEFLOW = "/apis/v2beta1/experiments"


def experiment(number: str) -> dict[str, Any]:
    return {"experiments": [{"experiment_id": number}]}


def checks_of(plan: Plan | None, **target: str) -> dict[str, Check]:
    return {check.name: check for check in cluster_checks(plan, ClusterTarget(**target))}
