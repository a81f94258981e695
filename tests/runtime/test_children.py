"""A child ends with its block, and with the process that started it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sevenfold.runtime.children import started
from sevenfold.runtime.waiting import wait_until

ENDLESS = [sys.executable, "-c", "import time; print('runs', flush=True); time.sleep(600)"]
PARENT = """
import sys, time
from pathlib import Path
from sevenfold.runtime.children import started
with started({command!r}, Path(sys.argv[1])) as child:
    print(child.pid, flush=True)
    time.sleep(600)
"""


def test_it_ends_with_the_block_also_with_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), started(ENDLESS, tmp_path / "log") as child:
        wait_until(lambda: b"runs" in (tmp_path / "log").read_bytes(), pause_seconds=0.05, patience_seconds=60)
        raise KeyError
    assert child.returncode == -signal.SIGTERM


def test_what_ignores_the_signal_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sevenfold.runtime.children.END_SECONDS", 0.2)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('runs', flush=True)"
    with started([sys.executable, "-c", f"{deaf}; time.sleep(600)"], tmp_path / "log") as child:
        wait_until(lambda: b"runs" in (tmp_path / "log").read_bytes(), pause_seconds=0.05, patience_seconds=60)
    assert child.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone ends a child with its parent")
def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = PARENT.format(command=ENDLESS)
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(
        lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE,
        pause_seconds=0.05,
        patience_seconds=60,
    )
