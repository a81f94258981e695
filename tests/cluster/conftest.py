"""A real Kubeflow, a project to submit to it, and what a person types.

Needs ``KF_PIPELINES_ENDPOINT``, the store's keys and endpoint (``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``,
``AWS_ENDPOINT_URL``), ``build/images.json`` (or `SEVENFOLD_TEST_IMAGES`) of images that were pushed, and in the pods'
namespace (`SEVENFOLD_TEST_NAMESPACE`, else kubeflow) a Secret ``sevenfold-storage`` with such keys.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from sevenfold.images import built_images

NEEDED = ("KF_PIPELINES_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL")
NAMESPACE = os.environ.get("SEVENFOLD_TEST_NAMESPACE", "kubeflow")
RUN_SECONDS = 900


@dataclass(frozen=True)
class Kubeflow:
    """The endpoint, and the command line as it is used with it."""

    url: str
    images: Path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "sevenfold", *arguments]

    def submission(self, *arguments: str) -> list[str]:
        account = os.environ.get("SEVENFOLD_TEST_ACCOUNT", "pipeline-runner")
        with_images = ("--images", str(self.images), "--service-account", account)
        return self.command("submit", "plan.yaml", *with_images, *arguments)

    def run(self, folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)

    def submit(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(folder, self.submission(*arguments))

    def kubectl(self, *arguments: str, given: str = "", fails: bool = False) -> str:
        """Return what kubectl prints; skip where there is none."""
        command = ["kubectl", "-n", NAMESPACE, *arguments]
        try:
            done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120, check=False)
        except FileNotFoundError:
            pytest.skip("kubectl is not installed")
        assert fails or done.returncode == 0, done.stderr
        return done.stdout + done.stderr * fails

    def write_project(self, folder: Path, extra: str = "") -> Path:
        """Write a table of trains and its plan, with a gate that nothing passes: deploying has tests of its own.

        So much of the state is chance that no model ranks all test rows right, whatever its seed.
        """
        chance = random.Random(7)
        rows = [(chance.gauss(0, 1), chance.gauss(0, 1)) for _ in range(300)]
        lines = [f"{a:.4f},{b:.4f},{'late' if a + b + chance.gauss(0, 1) > 0 else 'early'}" for a, b in rows]
        (folder / "trains.csv").write_text("\n".join(["a,b,state", *lines]) + "\n")
        assert self.run(folder, self.command("init", "trains.csv", "--target", "state")).returncode == 0
        strict, gates = re.subn(r"at_least: [\d.]+", "at_least: 1.0", (folder / "plan.yaml").read_text())
        assert gates
        strict = strict.replace("\ndeployment:\n", "\ndeployment:\n  namespace: sevenfold\n")
        (folder / "plan.yaml").write_text(f"{strict}\nsecrets: {{storage: sevenfold-storage}}\n{extra}")
        return folder

    def project_on(self, target: str, folder: Path, **lines: str) -> Path:
        """Write the project with a line more in sections of its plan; skip where the image for it was not built."""
        if "@sha256:" not in built_images(json.loads(self.images.read_text())).get(target, ""):
            pytest.skip(f"needs the image {target}, which was not built")
        plan = self.write_project(folder) / "plan.yaml"
        text = plan.read_text()
        for section, line in lines.items():
            head = f"\n{section}:\n"
            assert head in text
            text = text.replace(head, f"{head}  {line}\n")
        plan.write_text(text)
        return folder


@pytest.fixture(scope="session")
def module_at() -> Callable[[Path], ModuleType]:
    """Import a file of the tests that lies in no package, once."""

    def load(path: Path) -> ModuleType:
        name = f"sevenfold_tests_{path.parent.name}_{path.stem}"
        if name not in sys.modules:
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None and spec.loader is not None
            sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
        return sys.modules[name]

    return load


@pytest.fixture(scope="session")
def load(module_at: Callable[[Path], ModuleType]) -> ModuleType:
    """The module of the load that tests send through the gateway."""
    return module_at(Path(__file__).with_name("load.py"))


@pytest.fixture(scope="session")
def kubeflow() -> Kubeflow:
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        pytest.skip(f"no cluster: {', '.join(missing)} not set")
    built = Path(__file__).parents[2] / "build" / "images.json"
    images = Path(os.environ.get("SEVENFOLD_TEST_IMAGES", built))
    if not images.is_file() or "@sha256:" not in images.read_text():
        pytest.skip("no pushed images: run make images with --push")
    url = os.environ["KF_PIPELINES_ENDPOINT"]
    try:
        urllib.request.urlopen(f"{url}/apis/v2beta1/healthz", timeout=5).close()  # noqa: S310 — http by contract
    except OSError as error:
        pytest.skip(f"no Kubeflow answers at {url}: {error}")
    return Kubeflow(url, images.resolve())


@pytest.fixture
def node(kubeflow: Kubeflow) -> str:
    """Return the address of the cluster's node; skip where it is not this machine, whose files and ports we use."""
    [first, *others] = json.loads(kubeflow.kubectl("get", "nodes", "-o", "json"))["items"]
    address = next(each["address"] for each in first["status"]["addresses"] if each["type"] == "InternalIP")
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            pytest.skip("the cluster's node is not this machine")
    assert not others
    return str(address)
