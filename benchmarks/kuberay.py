"""What a search costs on a Ray cluster that KubeRay makes: ``python -m benchmarks.kuberay``.

In a pod of the image `ray` of ``build/images.json``, under the account that runs pipelines, studies of 8 and 32 trials
of 4 CPU seconds each: one after the other in the pod's own process, and on a cluster of one and of two workers, one
trial on each at a time. Making and removing the cluster counts. Needs kubectl and KUBECONFIG. ``--quick``
runs one small study on this machine and asks no cluster.
"""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
STUDY = Path(__file__).with_name("kuberay_study.py")
ACCOUNT = "pipeline-runner"
SECONDS = 4.0
Run = Callable[[list[str]], str]


def measure(run: Run, trials: tuple[int, ...], workers: tuple[int, ...], seconds: float) -> None:
    """Print a line per study; `run` starts the program of one, with its arguments, and returns what it prints."""
    print(f"{'trials':>6}{'workers':>9}{'wall s':>8}{'start s':>9}{'driver CPU s':>14}{'cluster CPU s':>15}{'GB':>6}")
    for number in trials:
        for size in workers:
            took = json.loads(run([str(number), str(size), str(seconds)]).splitlines()[-1])
            times = f"{took['wall']:>8.0f}{took['start']:>9.0f}{took['driver_cpu']:>14.0f}{took['cluster_cpu']:>15.0f}"
            print(f"{number:>6}{size:>9}{times}{took['cluster_gb']:>6.1f}", flush=True)


def kubectl(*arguments: str, given: str = "") -> str:
    """Return what kubectl prints."""
    done = subprocess.run(["kubectl", *arguments], input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"kubectl {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


@contextmanager
def pod(namespace: str) -> Iterator[str]:
    """Start a pod that waits, like that of a tuning task, and remove it after the `with` block."""
    name, image = f"ray-benchmark-{secrets.token_hex(3)}", json.loads((ROOT / "build" / "images.json").read_text())
    paths = (("KFP_POD_NAME", "metadata.name"), ("KFP_POD_UID", "metadata.uid"))
    env = [{"name": key, "valueFrom": {"fieldRef": {"fieldPath": path}}} for key, path in paths]
    container = {"name": "main", "image": image["images"]["ray"], "command": ["sleep", "7200"], "env": env}
    container["securityContext"] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    context = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"serviceAccountName": ACCOUNT, "securityContext": context, "containers": [container]}
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {**spec, "restartPolicy": "Never"}}
    kubectl("-n", namespace, "create", "-f", "-", given=json.dumps(made))
    try:
        kubectl("-n", namespace, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=600s")
        yield name
    finally:
        kubectl("-n", namespace, "delete", "pod", name, "--grace-period=1")


def in_pod(namespace: str, name: str, arguments: list[str]) -> str:
    """Run a study in a pod and return what it prints."""
    command = ("exec", "-i", name, "--", "python", "-", *arguments)
    return kubectl("-n", namespace, *command, given=STUDY.read_text())


def here(arguments: list[str]) -> str:
    """Run a study in a process of this machine and return what it prints."""
    command = [sys.executable, str(STUDY), *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> None:
    """Measure all studies."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--namespace", default="kubeflow")
    options.add_argument("--quick", action="store_true")
    given = options.parse_args()
    if given.quick:
        measure(here, (2,), (0,), 0.01)
        return
    with pod(given.namespace) as name:
        measure(partial(in_pod, given.namespace, name), (8, 32), (0, 1, 2), SECONDS)


if __name__ == "__main__":
    main()
