"""Nodes of a Ray cluster, as processes of this machine: fixtures for the tests of whoever works on Ray."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

START_SECONDS = 75
Node = subprocess.Popen[bytes]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def installed() -> None:
    pytest.importorskip("ray", reason="Ray is not installed (pip install 'sevenfold[ray]')")


@pytest.fixture(scope="module")
def token(installed: None) -> Iterator[None]:
    """What Ray's processes and this one know each other by."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", "0" * 64)
        patch.setenv("RAY_raylet_start_wait_time_s", "120")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        yield


@pytest.fixture(scope="module")
def start_node(token: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Node]]:
    """Starts a node of a Ray cluster; all that are left are ended with the module."""
    nodes: list[Node] = []

    def start(*options: str, cpus: int) -> Node:
        command = [str(Path(sys.executable).with_name("ray")), "start", *options, "--block", f"--num-cpus={cpus}"]
        command += ["--object-store-memory=100000000", "--disable-usage-stats"]
        for attempt in range(2):  # a busy machine may be too slow for Ray's own limits of time
            log = tmp_path_factory.mktemp("node") / "log"
            with log.open("wb") as out:
                nodes.append(subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True))
            deadline = time.monotonic() + START_SECONDS
            while b"Ray runtime started" not in log.read_bytes():
                if nodes[-1].poll() is not None or time.monotonic() > deadline:
                    assert attempt == 0, log.read_text()
                    end(nodes[-1])
                    break
                time.sleep(0.2)
            else:
                break
        return nodes[-1]

    yield start
    for node in nodes:
        end(node)


def end(node: Node) -> None:
    """Kill a node's own processes at once, as a machine that fails does."""
    if node.poll() is None:
        for process in [*psutil.Process(node.pid).children(recursive=True), psutil.Process(node.pid)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        node.wait(60)


@pytest.fixture(scope="module")
def head(token: None, start_node: Callable[..., Node]) -> Iterator[str]:
    """Address of a Ray cluster of one node on this machine, with two CPUs."""
    port = free_port()
    folder = Path("/tmp") / f"sevenfold-test-ray-{port}"  # noqa: S108 - a socket's path may have 107 characters
    options = [f"--port={port}", f"--ray-client-server-port={free_port()}", f"--temp-dir={folder}"]
    node = start_node("--head", *options, "--include-dashboard=false", cpus=2)
    yield f"127.0.0.1:{port}"
    end(node)
    shutil.rmtree(folder, ignore_errors=True)
