"""checkov's own opinion of what we ship; each check that is skipped names its reason."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
UNSAFE = """\
apiVersion: v1
kind: Pod
metadata: {name: unsafe, namespace: default}
spec: {hostPID: true, containers: [{name: a, image: "a:latest", securityContext: {privileged: true}}]}
"""


def judged(file: Path, framework: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Return what fails, and what is passed over."""
    command = ["checkov", "--file", str(file), "--framework", framework, "--output", "json", "--skip-download"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    results = json.loads(done.stdout)["results"]
    return [f"{each['check_id']} {each['resource']}" for each in results["failed_checks"]], results["skipped_checks"]


@pytest.fixture(autouse=True)
def _installed() -> None:
    if not shutil.which("checkov"):
        pytest.skip("checkov is not installed (pip install checkov, in an environment of its own)")


def test_it_finds_nothing_in_an_overlay(overlay: list[dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "overlay.yaml").write_text(yaml.safe_dump_all(overlay))
    failed, skipped = judged(tmp_path / "overlay.yaml", "kubernetes")
    assert failed == []
    assert {each["check_id"] for each in skipped} <= {"CKV_K8S_15", "CKV_K8S_38", "CKV_K8S_43"}
    assert all(len(each["check_result"]["suppress_comment"].split()) > 5 for each in skipped)


def test_it_finds_nothing_in_the_dockerfile() -> None:
    failed, skipped = judged(ROOT / "docker" / "Dockerfile", "dockerfile")
    assert failed == []
    assert {each["check_id"] for each in skipped} <= {"CKV_DOCKER_2", "CKV_DOCKER_7"}


def test_it_does_find_what_is_unsafe(tmp_path: Path) -> None:
    (tmp_path / "unsafe.yaml").write_text(UNSAFE)
    assert len(judged(tmp_path / "unsafe.yaml", "kubernetes")[0]) > 5
