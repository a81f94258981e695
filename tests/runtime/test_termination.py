from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from sevenfold.runtime.termination import on_termination


def test_the_last_word_is_spoken_before_the_end_inner_blocks_first() -> None:
    before, calls = signal.getsignal(signal.SIGTERM), list[str]()
    outer, inner = (on_termination(lambda name=name: calls.append(name)) for name in ("outer", "inner"))
    with pytest.raises(SystemExit) as caught, outer, inner:
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("the signal comes first")
    assert caught.value.code == 143
    assert calls == ["inner", "outer"]
    assert signal.getsignal(signal.SIGTERM) == before


def test_ctrl_c_is_the_same() -> None:
    calls: list[str] = []
    outer, inner = (on_termination(lambda name=name: calls.append(name)) for name in ("outer", "inner"))
    with pytest.raises(KeyboardInterrupt), outer, inner:
        raise KeyboardInterrupt
    assert calls == ["inner", "outer"]


def test_an_end_in_peace_says_nothing() -> None:
    calls: list[str] = []
    with on_termination(lambda: calls.append("last")):
        pass
    with pytest.raises(ValueError), on_termination(lambda: calls.append("last")):
        raise ValueError("an error is not the end of the process")
    assert calls == []


def test_a_process_that_is_told_to_end_does() -> None:
    script = """
import sys, time
from sevenfold.runtime.termination import on_termination
with on_termination(lambda: print("last", flush=True)):
    print("ready", flush=True)
    time.sleep(30)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.stdout.read() == "last\n"
    assert process.returncode == 143
