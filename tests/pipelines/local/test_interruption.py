"""A run that is stopped from outside: by a signal, by Ctrl-C, or because nobody reads its output any more."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from sevenfold.pipelines.local.interruption import RunInterrupted, interruptions, lines_while_read
from sevenfold.pipelines.local.processes import end_processes, processes_of
from sevenfold.runtime.environment import RUN_DIR


def heed_signals() -> None:
    """Undo what `nohup` and a shell's `&` hand down to their children: signals that nobody heeds."""
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def running(home: Path, *before: str) -> Iterator[subprocess.Popen[str]]:
    """A run that has begun; if a test fails, nothing of it goes on."""
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    command = [*before, sys.executable, "-m", "sevenfold", "run", "plan.yaml"]
    with (home / "errors").open("w") as errors:
        run = subprocess.Popen(
            command,
            cwd=home,
            preexec_fn=heed_signals,
            stdout=subprocess.PIPE,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
    try:
        yield run
    finally:
        run.kill()
        run.wait()
        end_processes(home / "runs/demo/1")
        if run.stdout is not None:
            run.stdout.close()


def commands(home: Path) -> list[str]:
    lines = []
    for process in processes_of(home / "runs/demo/1"):
        with suppress(psutil.NoSuchProcess):  # it may end between two looks
            lines.append(" ".join(process.cmdline()))
    return lines


def wait_for(happened: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def assert_stopped(home: Path, run: subprocess.Popen[str], cause: str, status: int, task: str = "explore-data") -> None:
    assert run.wait(timeout=60) == status
    assert commands(home) == []
    folder = home / "runs/demo/1"
    recorded = json.loads((folder / "run.json").read_text())
    assert (recorded["state"], recorded["cause"], recorded["exit_status"]) == ("interrupted", cause, status)
    assert recorded["ended"]
    assert not (folder / "error.json").exists()
    assert not list(folder.glob(f"artifacts/*/{task}"))
    said, again = (home / "errors").read_text().splitlines()
    assert said.startswith("interrupted ")
    assert again.endswith("run plan.yaml")


SIGNALS = [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129), ("SIGQUIT", 131)]


@pytest.mark.slow
@pytest.mark.parametrize(("cause", "status"), SIGNALS)
def test_a_signal_stops_the_notebooks_kernel_too(home: Path, cause: str, status: int) -> None:
    with running(home) as run:
        wait_for(lambda: any("ipykernel" in command for command in commands(home)))
        run.send_signal(signal.Signals[cause])
        assert_stopped(home, run, cause, status)


@pytest.mark.slow
def test_a_reader_that_goes_away_stops_the_run_before_its_next_line(home: Path) -> None:
    with running(home) as run:
        wait_for(lambda: any("ipykernel" in command for command in commands(home)))
        assert run.stdout is not None
        run.stdout.close()
        assert_stopped(home, run, "SIGPIPE", 141)


@pytest.mark.slow
def test_the_predictor_does_not_outlive_an_interrupted_run(home: Path) -> None:
    with running(home) as run:
        wait_for(lambda: any("sevenfold.serving" in command for command in commands(home)), 300)
        run.send_signal(signal.SIGTERM)
        assert_stopped(home, run, "SIGTERM", 143, "deploy-model")


@pytest.mark.slow
def test_nohup_is_obeyed(home: Path) -> None:
    with running(home, "nohup") as run:
        wait_for(lambda: bool(commands(home)))
        run.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            run.wait(timeout=1)
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=60) == 143
    recorded = json.loads((home / "runs/demo/1/run.json").read_text())
    assert recorded["cause"] == "SIGTERM"


STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("here", flush=True)
time.sleep(60)
"""


def test_a_process_that_left_its_group_and_ignores_sigterm_is_ended(tmp_path: Path) -> None:
    def start(folder: Path) -> Any:
        child = subprocess.Popen(
            [sys.executable, "-c", STUBBORN],
            env={**os.environ, RUN_DIR: str(folder)},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"here\n"
        return child

    ours, other = start(tmp_path / "1"), start(tmp_path / "2")
    try:
        end_processes(tmp_path / "1")
        assert ours.wait(timeout=5) == -signal.SIGKILL
        assert other.poll() is None  # of another run
    finally:
        for child in (ours, other):
            child.kill()
            child.wait()
            child.stdout.close()


def test_only_the_first_signal_interrupts_and_none_after_the_end() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptions():
        with pytest.raises(RunInterrupted) as caught:
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)  # while it stops
    assert (caught.value.cause, caught.value.exit_status) == (signal.SIGTERM, 143)
    with interruptions() as given:
        given.ignore()
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before


def test_lines_come_whole_however_they_were_written() -> None:
    reader, writer = os.pipe()
    pieces = [b"one\r\ntw", b"o\nn\xc3", b"\xa4chste\nbroken \xff\nlast"]

    def write() -> None:
        for piece in pieces:
            os.write(writer, piece)
            time.sleep(0.01)
        os.close(writer)

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reader, "rb", buffering=0) as stream:
        lines = list(lines_while_read(stream, None))
    thread.join()
    assert lines == ["one\n", "two\n", "nächste\n", "broken \ufffd\n", "last"]


def test_an_output_without_a_reader_interrupts_though_nothing_is_written() -> None:
    silent, held = os.pipe()
    gone, output = os.pipe()
    os.close(gone)
    try:
        with (
            os.fdopen(silent, "rb", buffering=0) as stream,
            os.fdopen(output, "w") as console,
            pytest.raises(RunInterrupted) as caught,
        ):
            next(lines_while_read(stream, console))
        assert caught.value.cause == signal.SIGPIPE
    finally:
        os.close(held)
