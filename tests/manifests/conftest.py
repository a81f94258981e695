from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = ("kind", "cluster", "retrain")
# What a README tells to write for a receiver in the cluster.
RETRAIN = """\
resources: [{manifests}/overlays/kind]
components: [{manifests}/components/retrain, {manifests}/components/retrain-monitoring]
configMapGenerator:
  - {{name: retrain-plan, namespace: sevenfold, files: [plan.yaml]}}
"""
Objects = list[dict[str, Any]]


def render(overlay: Path) -> Objects:
    done = subprocess.run(["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


@pytest.fixture(scope="session")
def manifests() -> Path:
    if not shutil.which("kubectl"):
        pytest.skip("needs kubectl, which holds kustomize")
    return ROOT / "manifests"


@pytest.fixture(scope="session")
def overlays(manifests: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Objects]:
    """The objects of each overlay of ours, and of one with a receiver."""
    folder = tmp_path_factory.mktemp("retrain")
    (folder / "plan.yaml").write_text("name: flights\n")
    (folder / "kustomization.yaml").write_text(RETRAIN.format(manifests=os.path.relpath(manifests, folder)))
    own = {name: manifests / "overlays" / name for name in ("kind", "cluster")}
    return {name: render(path) for name, path in (own | {"retrain": folder}).items()}


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest, overlays: dict[str, Objects]) -> Objects:
    """The objects of one overlay."""
    return overlays[request.param]


@pytest.fixture
def render_copy(manifests: Path, tmp_path: Path) -> Callable[..., Objects]:
    """Render an overlay after replacing texts in its own files, as a team does that copies it."""

    def changed(name: str, **replaced: str) -> Objects:
        copy = tmp_path / "manifests"
        if not copy.exists():
            shutil.copytree(manifests, copy)
        for path in (copy / "overlays" / name).iterdir():
            text = path.read_text()
            for old, new in replaced.items():
                text = text.replace(old.replace("__", "-"), new)
            path.write_text(text)
        return render(copy / "overlays" / name)

    return changed


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping within an object."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(inner)
