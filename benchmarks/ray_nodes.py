"""A Ray cluster whose nodes are processes of this machine, and what it costs."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

__all__ = ["cost", "nodes", "use_token", "watched"]

START_SECONDS = 600.0
SECRET = {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "600"}


def use_token() -> None:
    """Give this process, and the nodes that it starts, a new token."""
    os.environ.update(SECRET, RAY_AUTH_TOKEN=secrets.token_hex(32))


@contextmanager
def nodes(count: int, folder: Path) -> Iterator[tuple[str, list[psutil.Process]]]:
    """Start a Ray cluster of some nodes with a CPU each; yield its address and its processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    folder.mkdir()
    started: list[psutil.Process] = []
    try:
        for number in range(count):
            where = [f"--address={address}"] if number else ["--head", f"--port={address.rpartition(':')[2]}"]
            where += [] if number else [f"--temp-dir={folder}", "--include-dashboard=false"]
            log = folder / f"{number}.log"
            command = [str(Path(sys.executable).with_name("ray")), "start", *where, "--block", "--num-cpus=1"]
            with log.open("wb") as out:
                options = ["--object-store-memory=300000000", "--disable-usage-stats"]
                one = subprocess.Popen([*command, *options], stdout=out, stderr=out, start_new_session=True)
            started.append(psutil.Process(one.pid))
            deadline = time.monotonic() + START_SECONDS
            while b"Ray runtime started" not in log.read_bytes():
                if one.poll() is not None or time.monotonic() > deadline:
                    sys.exit(log.read_text())
                time.sleep(0.5)
        yield address, started
    finally:
        for process in family(started):
            with suppress(psutil.Error):
                process.kill()


def family(roots: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Return processes with all that they started."""
    found = []
    for root in roots:
        with suppress(psutil.Error):
            found += [root, *root.children(recursive=True)]
    return found


def cost(roots: Sequence[psutil.Process]) -> tuple[dict[int, float], float]:
    """Return CPU seconds by process, and the memory that they alone hold, in GB."""
    seconds, held = {}, 0
    for process in family(roots):
        with suppress(psutil.Error):
            times = process.cpu_times()
            seconds[process.pid] = times.user + times.system
            held += process.memory_full_info().uss
    return seconds, held / 1e9


@contextmanager
def watched(roots: Sequence[psutil.Process], seen: dict[int, float]) -> Iterator[None]:
    """Keep CPU seconds by process, and under 0 the most memory: Ray ends the workers of a program with it."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.3):
            seconds, held = cost(roots)
            seen.update(seconds)
            seen[0] = max(seen.get(0, 0.0), held)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
