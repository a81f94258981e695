"""A node of a Ray cluster on this machine, without CPUs: a driver needs one beside it to take part in the cluster."""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.ray.use import RayUse
from sevenfold.runtime.children import started
from sevenfold.runtime.waiting import wait_until

if TYPE_CHECKING:
    import psutil

__all__ = ["DRIVER", "JOIN_SECONDS", "end_all", "end_processes", "joined", "lies_here", "require_answer"]

ANSWER_SECONDS: Final = 10.0
START_SECONDS: Final = 120.0
JOIN_SECONDS: Final = 2 * START_SECONDS + 60.0  # it is started twice at most
DRIVER: Final = "sevenfold-driver"  # resource of Ray that marks the node of a stage
OBJECT_STORE_BYTES: Final = 200_000_000


def lies_here(address: str) -> bool:
    """Return whether the host of an address, HOST:PORT, is this machine: its head node is then beside the driver."""
    host = address.rpartition(":")[0].strip("[]")
    with suppress(OSError):
        family, kind, protocol, _, (ip, *_) = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind((ip, 0))
            return True
    return False


def require_answer(address: str, use: RayUse) -> None:
    """Raise where nothing listens at an address: Ray itself would ask it for many minutes.

    Raises:
        SevenfoldError: ``ray_unreachable``, of the kind of `use`.
    """
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
    except OSError as error:
        raise use.error(
            "ray_unreachable",
            f"Ray at {address} must answer, but does not: {error}.",
            remedy=f"Run sevenfold doctor with the plan, or write {use.other}.",
        ) from error


@contextmanager
def joined(address: str, folder: Path, use: RayUse) -> Iterator[None]:
    """Join a cluster for the `with` block as a node that runs no work; its files lie in the folder.

    Raises:
        SevenfoldError: ``ray_unreachable``, of the kind of `use`.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(_node(address, folder, use))
        except SevenfoldError:  # a busy machine may be too slow for Ray's own limits of time
            stack.enter_context(_node(address, folder, use))
        yield


def end_processes(folder: Path) -> None:
    """End what is left of a Ray that this process has started in a folder; nobody else's process is looked at."""
    end_all(each for each in _descendants(os.getpid()) if _works_in(folder, each))


def end_all(processes: Iterable[psutil.Process]) -> None:
    """Kill processes; one whose number another process has got since is left alone, as psutil sees to it."""
    for process in processes:
        with suppress(_psutil().Error):
            process.kill()


@contextmanager
def _node(address: str, folder: Path, use: RayUse) -> Iterator[None]:
    command = [str(Path(sys.executable).with_name("ray")), "start", f"--address={address}", "--num-cpus=0"]
    command += [f"--resources={json.dumps({DRIVER: 1})}"]
    command += ["--num-gpus=0", f"--object-store-memory={OBJECT_STORE_BYTES}", f"--temp-dir={folder / 'node'}"]
    log = folder / "node.log"
    log.unlink(missing_ok=True)  # of an earlier try
    own: set[psutil.Process] = set()
    try:
        with started([*command, "--disable-usage-stats", "--block"], log) as node:
            try:
                _wait_for(node, log, address, use)
                own.update(_descendants(node.pid))  # now, because they are nobody's children if it is killed
                yield
            finally:
                own.update(_descendants(node.pid))
    finally:
        end_all(own)


def _descendants(pid: int) -> list[psutil.Process]:
    """Return the processes that a process has started, and those that they have; none where it is gone."""
    with suppress(_psutil().Error):
        return list(_psutil().Process(pid).children(recursive=True))
    return []


def _works_in(folder: Path, process: psutil.Process) -> bool:
    with suppress(_psutil().Error):
        return str(folder) in " ".join(process.cmdline())
    return False


def _psutil() -> ModuleType:
    return importlib.import_module("psutil")  # Ray brings it


def _wait_for(node: subprocess.Popen[Any], log: Path, address: str, use: RayUse) -> None:
    def unreachable() -> SevenfoldError:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        return use.error(
            "ray_unreachable",
            f"This machine must be able to join Ray at {address}, but cannot: {(lines or ['no answer'])[-1][:300]}",
            remedy=f"Run sevenfold doctor with the plan, or write {use.other}.",
        )

    def has_started() -> bool:
        if b"Ray runtime started" in log.read_bytes():
            return True
        if node.poll() is not None:
            raise unreachable()
        return False

    wait_until(has_started, pause_seconds=0.2, patience_seconds=START_SECONDS, late=unreachable)
