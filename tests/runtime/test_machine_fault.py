"""A fault of the machine is told with the file and a remedy, by commands and by stages; any other error is not."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenfold.runtime.failure import stage_boundary
from sevenfold.runtime.machine_fault import file_fault, machine_fault

FULL = Path("/dev/full")  # Linux: a device on which every write meets a full disk
TABLE = "x,y\n" + "".join(f"{number * 7 % 23},{'ab'[number % 2]}\n" for number in range(60))


def fault_of(work: object) -> OSError:
    with pytest.raises(OSError) as raised:
        work()  # type: ignore[operator]
    return raised.value


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is full")
def test_a_full_disk_is_one_whoever_meets_it() -> None:
    table = pa.table({"x": list(range(100_000))})
    for work in (lambda: FULL.write_bytes(b"x" * 100_000), lambda: pq.write_table(table, FULL)):
        fault = machine_fault(fault_of(work))
        assert fault is not None and fault.code == "disk_full"
        assert not fault.retryable and "Free some space" in fault.remedy


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EDQUOT, "disk_full"),
        (errno.EIO, "disk_fault"),
        (errno.EROFS, "not_permitted"),
        (errno.EACCES, "not_permitted"),
        (errno.EMFILE, "too_many_files"),
    ],
)
def test_the_file_and_the_system_s_words_are_told(number: int, code: str) -> None:
    error = OSError(number, os.strerror(number), "runs/x/plan.yaml")
    wrapped = RuntimeError("while writing")
    wrapped.__cause__ = error
    for one in (error, wrapped):
        fault = machine_fault(one)
        assert fault is not None and fault.code == code
        assert fault.remedy
        assert code in ("too_many_files", "disk_fault") or "'runs/x/plan.yaml'" in fault.message


def test_another_error_is_none_of_the_machine(tmp_path: Path) -> None:
    assert machine_fault(ValueError("No space left on device")) is None
    met = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    other = KeyError("x")
    other.__context__ = met  # it was dealt with
    assert machine_fault(other) is None
    gone = fault_of(lambda: (tmp_path / "gone").read_bytes())
    assert machine_fault(gone) is None
    fault = file_fault(gone)
    assert fault is not None and f"'{tmp_path / 'gone'}'" in fault.message
    assert file_fault(OSError("no number")) is None


def test_a_stage_tells_it_as_its_cause(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEVENFOLD_RUN_DIR", raising=False)
    monkeypatch.delenv("SEVENFOLD_TRACEBACK", raising=False)
    with pytest.raises(SystemExit), stage_boundary("training"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "model.onnx")
    assert json.loads(capsys.readouterr().out)["code"] == "disk_full"


@pytest.mark.parametrize("command", ["init", "cluster"])
def test_a_command_that_meets_one_ends_with_one_line_and_leaves_no_file(tmp_path: Path, command: str) -> None:
    """A limit on the size of files stands for the full disk: the same writes fail, by the system itself."""
    (tmp_path / "t.csv").write_text(TABLE.replace("b", "A"))
    out = tmp_path / "out"
    arguments = {
        "init": ["init", "t.csv", "--target", "y", "--out", str(out)],
        "cluster": ["refine", "t.csv", "--cluster", "y", "--accept", "all", "--out", str(out / "h.json")],
    }[command]
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from sevenfold.cli.main import main; resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY));"
        "sys.argv = ['sevenfold', *sys.argv[1:]]; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error (") and ended.stderr.count("\n") == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    assert not out.exists() or not list(out.iterdir())
