"""Processes identified by number and start time, in a text that earlier versions wrote too."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sevenfold.serving.local.process import end_process, is_running, start_of

linux = pytest.mark.skipif(not psutil.LINUX, reason="reads /proc")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing for a minute."""
    process = subprocess.Popen(["sleep", "60"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ticks(pid: int) -> str:
    """The start time as earlier versions read it: field 22 of /proc/PID/stat."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


@linux
def test_a_start_time_is_the_ticks_that_earlier_versions_wrote(sleeper: subprocess.Popen[bytes]) -> None:
    assert start_of(sleeper.pid) == ticks(sleeper.pid)
    assert start_of(os.getpid()) == ticks(os.getpid())


@linux
def test_setting_the_clock_changes_no_start_time(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = start_of(sleeper.pid)
    # psutil 5 keeps the boot time that it read last, and the kernel moves it with the clock
    monkeypatch.setattr(psutil._pslinux, "BOOT_TIME", psutil.boot_time() - 3_600, raising=False)
    assert start_of(sleeper.pid) == started


@pytest.mark.parametrize("started", ["", "1", "Fri Nov 27 07:05:14 2026", "1764227068.250"])
def test_a_start_time_that_is_not_the_process_s_ends_nothing(sleeper: subprocess.Popen[bytes], started: str) -> None:
    assert not is_running(sleeper.pid, started)
    assert not end_process(sleeper.pid, started)
    assert is_running(sleeper.pid, start_of(sleeper.pid))


def test_a_process_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sevenfold.serving.local.process.TERM_SECONDS", 0.2)
    stubborn = subprocess.Popen(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"], stdout=-1)
    assert stubborn.stdout is not None
    assert stubborn.stdout.readline() == b"ready\n"
    assert end_process(stubborn.pid, start_of(stubborn.pid))
    assert start_of(stubborn.pid) == ""
    stubborn.stdout.close()
    stubborn.returncode = 0  # it has been waited for


def test_a_process_that_ended_is_not_running() -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    started = start_of(ended.pid)
    deadline = time.monotonic() + 20
    while is_running(ended.pid, started) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(ended.pid, started)
    ended.returncode = 0


@pytest.mark.parametrize("number", [-5, 0, 2**31, 2**70])
def test_a_number_that_no_process_has_is_not_running(number: int) -> None:
    assert start_of(number) == ""
    assert not end_process(number, "48213")
