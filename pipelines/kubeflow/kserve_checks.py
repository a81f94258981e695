"""What serving a model needs of KServe."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from sevenfold.cluster.reader import ClusterReader
from sevenfold.pipelines.check import Check
from sevenfold.plan import Plan

__all__ = ["CRD", "kserve_checks"]

CRD: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/inferenceservices.serving.kserve.io"
PATCH_SETTINGS: Final = (
    "kubectl -n kserve patch configmap inferenceservice-config --type merge "
    "--patch-file manifests/platform/kserve/inferenceservice-config-configmap.yaml"
)


def kserve_checks(plan: Plan | None, reader: ClusterReader) -> Iterator[Check]:
    """Yield which KServe is there, how it reaches the network, and which strategies that allows."""
    crd = reader.get(CRD)
    version = _version(reader)
    if crd.there is not True:
        remedy = "kubectl apply --server-side -k manifests/platform/kserve"
        yield Check("KServe", crd.there, "no InferenceServices here" if crd.known else "could not be checked", remedy)
        return
    canary = _has_canary(crd) and not version.startswith("v0.20.0")
    yield Check("KServe", True, f"{version or 'of an unknown version'}, {'with' if canary else 'without'} spec.canary")
    settings = reader.get("/api/v1/namespaces/kserve/configmaps/inferenceservice-config")
    ingress = _json(settings.get("data", {}).get("ingress", ""))
    on = bool(ingress.get("enableGatewayApi"))
    if settings:
        yield Check("Gateway API", on, "KServe uses it" if on else "KServe does not use it", PATCH_SETTINGS)
        yield from _gateway(str(ingress.get("kserveIngressGateway", "")), reader)
    else:
        yield Check("Gateway API", None, "KServe's settings could not be checked")
    yield _strategy(plan, canary, on if settings else None)


def _gateway(named: str, reader: ClusterReader) -> Iterator[Check]:
    namespace, _, name = named.partition("/")
    if not name:
        return
    gateway = reader.get(f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/gateways/{name}")
    remedy = "kubectl apply -k manifests/platform/gateway"
    yield Check("Gateway", gateway.there, named if gateway else f"{named} is not there or not to be seen", remedy)


def _strategy(plan: Plan | None, canary: bool, gateway: bool | None) -> Check:
    wanted = plan.deployment.strategy.value if plan else ""
    if canary and gateway is None:
        return Check("strategy", None, "canary, if KServe uses the Gateway API; replace works")
    if canary and gateway:
        return Check("strategy", True, "this cluster allows canary and replace")
    finding = "this cluster allows replace only" + (f", but the plan says {wanted}" if wanted == "canary" else "")
    why = PATCH_SETTINGS if canary else "install KServe 0.21 or newer"
    return Check("strategy", wanted != "canary", finding, f"Set deployment.strategy: replace, or: {why}", blocking=True)


def _version(reader: ClusterReader) -> str:
    controller = reader.get("/apis/apps/v1/namespaces/kserve/deployments/kserve-controller-manager")
    containers = controller.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    images = [str(container.get("image", "")) for container in containers]
    matches = (re.search(r":(v\d+\.\d+\.\d+[^@]*)", image) for image in images)
    return next((match[1] for match in matches if match), "")


def _has_canary(crd: dict[str, Any]) -> bool:
    for version in crd["spec"]["versions"]:
        spec = version.get("schema", {}).get("openAPIV3Schema", {}).get("properties", {}).get("spec", {})
        if "canary" in spec.get("properties", {}):
            return True
    return False


def _json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
