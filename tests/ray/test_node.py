"""Which processes are ended: those that this one has started, and nobody else's."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from sevenfold.ray.node import end_all, end_processes, joined
from sevenfold.ray.use import TUNING

SLEEP = "import time; time.sleep(600)"
ORPHAN = f"""
import subprocess, sys
nothing = subprocess.DEVNULL  # who holds the pipe keeps its reader waiting
print(subprocess.Popen([sys.executable, "-c", {SLEEP!r}, *sys.argv[1:]], stdout=nothing, stderr=nothing).pid)
"""


def test_a_process_that_names_the_folder_and_is_not_ours_goes_on(tmp_path: Path) -> None:
    ours = subprocess.Popen([sys.executable, "-c", SLEEP, str(tmp_path / "ray")])
    beside = subprocess.Popen([sys.executable, "-c", SLEEP, "elsewhere"])
    # a reader of the log, say: nobody's child here, with the folder among its arguments
    made = subprocess.run([sys.executable, "-c", ORPHAN, str(tmp_path)], capture_output=True, text=True, check=True)
    stranger = psutil.Process(int(made.stdout))
    try:
        end_processes(tmp_path)
        ours.wait(20)
        assert beside.poll() is None
        assert stranger.is_running() and stranger.status() != psutil.STATUS_ZOMBIE
    finally:
        for process in (ours, beside, stranger):
            process.kill()
        ours.wait(20)
        beside.wait(20)


def test_a_process_that_has_ended_is_passed_over() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    known = psutil.Process(process.pid)
    process.wait(60)
    end_all([known])


@pytest.mark.extended
def test_a_node_whose_parent_is_killed_leaves_nothing_behind(head: str) -> None:
    before = set(psutil.Process().children(recursive=True))
    # a socket's path is short
    with tempfile.TemporaryDirectory(prefix="j") as folder, joined(head, Path(folder), TUNING):
        started = set(psutil.Process().children(recursive=True)) - before
        [parent] = [each for each in started if "--block" in each.cmdline()]
        assert [each for each in started if each.name() == "raylet"]
        parent.kill()
    _, alive = psutil.wait_procs(started, timeout=60)
    assert not alive
