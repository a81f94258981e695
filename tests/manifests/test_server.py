"""What a real API server says of the overlays. Skipped where KUBECONFIG names no cluster that answers."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.cluster
RIGHTS = Path(__file__).with_name("rights.json")
OPERATOR = "monitoring.coreos.com/v1"  # its types are there only where the operator is
Objects = list[dict[str, Any]]


def kubectl(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(["kubectl", *arguments], input=given, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def namespaces() -> Iterator[dict[str, str]]:
    """Two namespaces of this test's own, instead of the overlays'."""
    if not os.environ.get("KUBECONFIG") or not shutil.which("kubectl"):
        pytest.skip("needs KUBECONFIG and kubectl")
    if kubectl("version", "--request-timeout=5s").returncode:
        pytest.skip("needs a cluster that answers")
    webhook = ("get", "endpoints", "-n", "kserve", "kserve-webhook-server-service", "-o", "jsonpath={.subsets}")
    if not kubectl(*webhook).stdout:
        pytest.skip("needs KServe, whose webhook does not answer")
    mark = secrets.token_hex(3)
    names = {"sevenfold": f"test-{mark}", "sevenfold-monitoring": f"test-{mark}-monitoring"}
    try:
        for name in names.values():
            assert kubectl("create", "namespace", name).returncode == 0
        yield names
    finally:
        kubectl("delete", "namespace", "--wait=false", "--ignore-not-found", *names.values())


def moved(node: Any, names: dict[str, str]) -> Any:
    """Return the object with the namespaces it is in, names or selects, replaced."""
    if isinstance(node, dict):
        keys = ("namespace", "kubernetes.io/metadata.name")
        return {
            key: names.get(v, v) if key in keys and isinstance(v, str) else moved(v, names) for key, v in node.items()
        }
    return [moved(value, names) for value in node] if isinstance(node, list) else node


def in_namespaces(objects: Objects, names: dict[str, str]) -> str:
    ours = moved(objects, names)
    for item in ours:
        if item["kind"] == "Namespace":
            item["metadata"]["name"] = names[item["metadata"]["name"]]
        for port in item["spec"].get("ports", ()) if item["kind"] == "Service" else ():
            port.pop("nodePort", None)
    return yaml.safe_dump_all(ours)


def test_the_server_accepts_every_object(overlay: Objects, namespaces: dict[str, str]) -> None:
    known = kubectl("api-resources", "--api-group=monitoring.coreos.com", "--no-headers").stdout.strip()
    objects = [item for item in overlay if known or item["apiVersion"] != OPERATOR]
    command = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-")
    done = kubectl(*command, given=in_namespaces(objects, namespaces))
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert len(done.stdout.splitlines()) == len(objects)


def rights(account: str, namespace: str) -> list[str]:
    """Return "verb,verb resource" of an account, beyond what everybody may."""
    command = ("auth", "can-i", "--list", f"--namespace={namespace}", f"--as=system:serviceaccount:{account}")
    lines = kubectl(*command, "--no-headers").stdout.splitlines()
    anybody = kubectl(*command[:-1], "--as=system:serviceaccount:nowhere:nobody", "--no-headers").stdout.splitlines()
    return sorted(" ".join(line.split()) for line in set(lines) - set(anybody))


def test_the_accounts_may_do_what_is_written_down(overlays: dict[str, Objects], namespaces: dict[str, str]) -> None:
    kinds = ("ServiceAccount", "Role", "RoleBinding")
    objects = [item for item in overlays["retrain"] if item["kind"] in kinds]
    done = kubectl("apply", "--server-side", "-f", "-", given=in_namespaces(objects, namespaces))
    assert done.returncode == 0, done.stderr
    granted: dict[str, dict[str, list[str]]] = {}
    for item in objects:
        if item["kind"] == "ServiceAccount":
            home, name = item["metadata"]["namespace"], item["metadata"]["name"]
            account = f"{namespaces[home]}:{name}"
            granted[f"{home}:{name}"] = {each: rights(account, namespaces[each]) for each in namespaces}
    assert granted == json.loads(RIGHTS.read_text()), json.dumps(granted, indent=1)


def test_kserve_takes_the_patch_that_lets_models_be_fetched(manifests: Path, namespaces: dict[str, str]) -> None:
    assert namespaces
    if kubectl("get", "clusterstoragecontainer", "default").returncode:
        pytest.skip("needs KServe's own objects, not only its types")
    patch = manifests / "platform/kserve/default-clusterstoragecontainer.yaml"
    command = ("patch", "clusterstoragecontainer", "default", "--type=merge", "--dry-run=server", "-ojson")
    done = kubectl(*command, f"--patch-file={patch}")
    assert done.returncode == 0, done.stderr
    container = json.loads(done.stdout)["spec"]["container"]
    assert container["image"] and container["securityContext"]["runAsNonRoot"] is True
