"""A Prometheus of a test's own that watches models of the cluster by their plans' rules, by the second."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from sevenfold.monitoring.rules import rule_groups
from sevenfold.plan import Plan

CONFIG = Path(__file__).parents[2] / "manifests" / "components" / "monitoring" / "files" / "prometheus.yml"


def _second(groups: dict[str, Any]) -> dict[str, Any]:
    return {"groups": [{**group, "interval": "2s"} for group in groups["groups"]]}


class OwnPrometheus:
    """A process with the manifests' scrape configuration; a context manager, which may be entered again.

    Args:
        folder: of its files and series, which outlive the process.
        plans: whose rules it evaluates.
        alertmanager: host and port.
    """

    def __init__(self, folder: Path, plans: Sequence[Plan], alertmanager: str) -> None:
        self._program = os.environ.get("PROMETHEUS") or shutil.which("prometheus") or ""
        if not self._program:
            pytest.skip("needs a Prometheus: PROMETHEUS is not set")
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = yaml.safe_load(CONFIG.read_text())
        config["global"] = {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "2s"}
        config["rule_files"] = [f"{plan.name}.yml" for plan in plans]
        del config["scrape_config_files"]
        config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [alertmanager]
        config["scrape_configs"] = [each for each in config["scrape_configs"] if each["job_name"] != "prometheus"]
        config["scrape_configs"][0]["kubernetes_sd_configs"][0]["kubeconfig_file"] = os.environ["KUBECONFIG"]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        for plan in plans:
            rules = _second(rule_groups(plan.name, plan.monitoring, plan.deployment.service_level))
            (folder / f"{plan.name}.yml").write_text(yaml.safe_dump(rules))

    def __enter__(self) -> OwnPrometheus:
        command = [
            self._program,
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=series",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--rules.alert.resend-delay=5s",
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self._ready():
            assert self._process.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the samples of an instant query, each with `metric` and `value`."""
        asked = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{asked}", timeout=10) as answer:
            return list(json.load(answer)["data"]["result"])

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2):
                return True
        except OSError:
            return False
