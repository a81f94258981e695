"""The InferenceService of a plan: its stable and its waiting predictor, applied and read back.

A revision is a predictor whose name holds its bundle's digest, so that a Deployment, a Service and a route are of one
bundle alone. KServe's `spec.canary` (0.21 or newer) holds the candidate beside the stable predictor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sevenfold.cluster.records import labels_of
from sevenfold.contracts.errors import PolicyError
from sevenfold.drift.telemetry import bundle_label

__all__ = ["BUNDLE", "DIGEST", "HIDDEN", "Release", "digest_of", "read_release", "revision_name", "workload"]

DIGEST: Final = "--digest="  # argument of our predictor
BUNDLE: Final = "sevenfold/bundle"  # annotation of a predictor that takes no such argument
HIDDEN: Final = {"networking.kserve.io/visibility": "cluster-local"}  # label: KServe gives it no route
ANNOTATIONS: Final = {
    "serving.kserve.io/deploymentMode": "Standard",  # the only mode with spec.canary
    "serving.kserve.io/autoscalerClass": "none",  # a canary has fixed replicas, and so has what it is compared with
}


@dataclass(frozen=True)
class Release:
    """The state of an InferenceService: the predictor that serves, the candidate beside it, its share in percent.

    `hidden` keeps a first version from the gateway. `version` is the object's when it was read; "" for one that does
    not exist yet.
    """

    name: str
    namespace: str
    stable: dict[str, Any]
    candidate: dict[str, Any] | None = None
    percent: int = 0
    hidden: bool = False
    version: str = ""
    plan: str = ""  # "" where the InferenceService is named as the plan
    status: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def stable_digest(self) -> str:
        """Digest of the bundle that serves."""
        return digest_of(self.stable)

    @property
    def candidate_digest(self) -> str:
        """Digest of the candidate; "" without one."""
        return digest_of(self.candidate) if self.candidate else ""

    def manifest(self) -> dict[str, Any]:
        """Return the object to apply."""
        metadata: dict[str, Any] = {
            "name": self.name,
            "namespace": self.namespace,
            "labels": labels_of(self.plan or self.name) | (HIDDEN if self.hidden else {}),
            "annotations": dict(ANNOTATIONS),
        }
        if self.version:
            metadata["resourceVersion"] = self.version
        spec: dict[str, Any] = {"predictor": self.stable}
        if self.candidate:
            spec["canary"] = [{"trafficPercent": self.percent, "predictor": self.candidate}]
        kind = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"}
        return {**kind, "metadata": metadata, "spec": spec}


def revision_name(digest: str) -> str:
    """Return the name of the predictor that serves a bundle.

    >>> revision_name("sha256:0123456789abcdef")
    'b0123456789ab'
    """
    return f"b{bundle_label(digest)}"


def digest_of(predictor: Mapping[str, Any]) -> str:
    """Return the digest of the bundle that a predictor serves, from its arguments or its annotation."""
    arguments = predictor.get("model", {}).get("args", ())
    digest = next((text.removeprefix(DIGEST) for text in arguments if text.startswith(DIGEST)), "")
    return digest or str(predictor.get("annotations", {}).get(BUNDLE, ""))


def workload(name: str, predictor: Mapping[str, Any]) -> str:
    """Return the name that KServe gives a predictor's Deployment and Service."""
    own = predictor.get("name")
    return f"{name}-{own}-predictor" if own else f"{name}-predictor"


def read_release(manifest: Mapping[str, Any], plan: str) -> Release:
    """Read an InferenceService.

    Raises:
        PolicyError: ``not_ours`` if it does not carry the labels of this plan.
    """
    metadata, spec = manifest["metadata"], manifest["spec"]
    labels = metadata.get("labels", {})
    if not labels_of(plan).items() <= labels.items():
        raise PolicyError(
            "not_ours",
            f"InferenceService {metadata['name']!r} must be labelled as Sevenfold's for plan {plan!r} to be touched, "
            "but is not.",
            remedy="Give the plan another name, or remove the InferenceService yourself.",
        )
    canary = (spec.get("canary") or [None])[0]
    return Release(
        name=metadata["name"],
        plan=plan,
        namespace=metadata["namespace"],
        stable=spec["predictor"],
        candidate=canary["predictor"] if canary else None,
        percent=int(canary.get("trafficPercent", 0)) if canary else 0,
        hidden=HIDDEN.items() <= labels.items(),
        version=metadata.get("resourceVersion", ""),
        status=manifest.get("status", {}),
    )
