"""What a pod says so that Kubernetes lets it run under its restricted standard, on nodes like those of another pod."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["CONTAINER_CONTEXT", "POD_CONTEXT", "SCRATCH_MOUNT", "SCRATCH_VOLUME", "placed_like"]

USER: Final = 65532  # of our images
POD_CONTEXT: Final[Mapping[str, Any]] = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_CONTEXT: Final[Mapping[str, Any]] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
SCRATCH_VOLUME: Final[Mapping[str, Any]] = {"name": "scratch", "emptyDir": {}}  # all that can be written to
SCRATCH_MOUNT: Final[Mapping[str, Any]] = {"name": "scratch", "mountPath": "/tmp"}  # noqa: S108 - of the pod alone
PLACE: Final = ("imagePullSecrets", "nodeSelector", "tolerations")


def placed_like(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a pod's spec says of where it runs and who may pull its image."""
    return {key: spec[key] for key in PLACE if spec.get(key)}
