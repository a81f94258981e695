"""What a plan itself names and needs: GPUs reserved for its fits, its Secrets, its Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from sevenfold.cluster.reader import Answer, ClusterReader
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.plan import Plan, StageName
from sevenfold.plan.training import Device

__all__ = ["gpu_checks", "prometheus_check", "secrets_checks"]

FITTING: Final[tuple[StageName, ...]] = ("tuning", "training")
SECRET_KINDS: Final = {
    "storage": "generic {} --from-literal=AWS_ACCESS_KEY_ID=…",
    "pull": "docker-registry {} --docker-server=… --docker-username=… --docker-password=…",
    "prometheus": "generic {} --from-literal=PROMETHEUS_TOKEN=…",
}


def gpu_checks(plan: Plan | None) -> Iterator[Check]:
    """Yield a check for each stage that fits on a GPU; none for a plan whose fits run on the CPU."""
    if plan is None or plan.training.device is not Device.CUDA:
        return
    for stage in FITTING:
        if stage == "tuning" and plan.tuning.trials == 0:
            continue
        wanted = plan.resources.get(stage)
        count = wanted.gpu if wanted is not None else 0
        name, key = f"GPU of {stage}", f"resources.{stage}.gpu"
        if count:
            yield Check(name, True, f"{key} is {count}")
        else:
            finding = f"training.device is cuda, but {key} is 0, so its pod would get none"
            yield Check(name, False, finding, f"Set {key}: 1, or training.device: cpu", blocking=True)


def secrets_checks(plan: Plan | None, target: ClusterTarget, reader: ClusterReader) -> Iterator[Check]:
    """Yield whether each Secret that the plan names is in the pods' namespace; no value of it is read."""
    for key, name in plan.secrets.model_dump().items() if plan else ():
        if not name:
            continue
        secret = Answer(known=False)
        if reader.may(target.pods, "get", "secrets"):
            secret = reader.get(f"/api/v1/namespaces/{target.pods}/secrets/{name}", names_only=True)
        state = {True: "is there", False: "is not there", None: "could not be looked for"}[secret.there]
        remedy = f"kubectl -n {target.pods} create secret {SECRET_KINDS[key].format(name)}"
        # storage is optional for a table that needs no keys
        yield Check(f"secrets.{key}", secret.there, f"{name} {state} in {target.pods}", remedy, key != "storage")


def prometheus_check(plan: Plan | None, reader: ClusterReader) -> Check:
    """Say whether the Prometheus that judges and watches answers, where it is in the cluster."""
    address = plan.monitoring.prometheus if plan else "http://prometheus.sevenfold-monitoring.svc:9090"
    parts = urlsplit(address)
    service, _, rest = (parts.hostname or "").partition(".")
    if not rest:
        return Check("Prometheus", None, f"{address} is not in the cluster; it was not checked")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    path = f"/api/v1/namespaces/{rest.partition('.')[0]}/services/{parts.scheme}:{service}:{port}/proxy"
    answer = reader.get(f"{path}{parts.path.rstrip('/')}/api/v1/targets?state=active")
    targets = answer.get("data", {}).get("activeTargets", [])
    up = sum(scraped.get("health") == "up" for scraped in targets)
    if answer.get("status") == "success":
        return Check("Prometheus", True, f"answers at {address}; {up} of {len(targets)} targets are up")
    remedy = "Set monitoring.prometheus, or: kubectl apply --server-side -k manifests/overlays/kind"
    state = "does not answer" if answer.there is False else "may need a login; it could not be asked from here"
    return Check("Prometheus", answer.there, f"{address} {state}", remedy)
