"""A kubeconfig that points every client of Kubernetes in this process, and in its children, at one API server."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

# read when kubernetes is first imported, whoever does that
KUBECONFIG_LOCATIONS = [f"kubernetes.config.{module}KUBE_CONFIG_DEFAULT_LOCATION" for module in ("", "kube_config.")]


def point_at(server: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a kubeconfig of this server to a path, and make it the one that is read."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": {"server": server}}],
        "users": [{"name": "it", "user": {}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
    }
    path.write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(path))
    for location in KUBECONFIG_LOCATIONS:
        monkeypatch.setattr(location, str(path))
