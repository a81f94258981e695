import json
from pathlib import Path

import pytest

from sevenfold.contracts.errors import DataError, SevenfoldError
from sevenfold.runtime import failure
from sevenfold.runtime.environment import RUN_DIR
from sevenfold.runtime.failure import ERROR_FILE, stage_boundary


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.delenv("SEVENFOLD_TRACEBACK", raising=False)
    monkeypatch.setenv(RUN_DIR, str(tmp_path / "run"))
    return tmp_path / "run"


@pytest.fixture
def termination_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "termination-log"
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setattr(failure, "TERMINATION_LOG", path)
    return path


def fail(error: BaseException) -> None:
    with pytest.raises(SystemExit) as ended, stage_boundary("training"):
        raise error
    assert ended.value.code == 1


def test_a_body_that_works_leaves_nothing(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with stage_boundary("training"):
        pass
    assert capsys.readouterr() == ("", "")
    assert not run.exists()


def test_a_failure_is_one_line_in_log_and_run(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fail(DataError("no_rows", "A table has rows,\nbut got none.", remedy="Add some."))
    out, err = capsys.readouterr()
    assert err == ""
    assert len(out.splitlines()) == 1
    cause = json.loads(out)
    assert (cause["stage"], cause["code"], cause["exit_status"]) == ("training", "no_rows", 2)
    assert (run / ERROR_FILE).read_text() == out


def test_the_first_cause_is_kept(run: Path) -> None:
    fail(DataError("first", "m"))
    fail(DataError("second", "m"))
    assert json.loads((run / ERROR_FILE).read_text())["code"] == "first"


def test_what_nobody_expected_is_reported_with_its_line(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fail(ZeroDivisionError("oops"))
    cause = json.loads(capsys.readouterr().out)
    assert cause["code"] == "internal"
    assert "ZeroDivisionError at test_failure.py:" in cause["message"]
    assert "Traceback" not in json.dumps(cause)


def test_a_traceback_is_there_for_who_asks(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEVENFOLD_TRACEBACK", "1")
    fail(ZeroDivisionError("oops"))
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), SystemExit(7)])
def test_an_asked_for_end_passes(run: Path, ending: BaseException) -> None:
    with pytest.raises(type(ending)), stage_boundary("training"):
        raise ending
    assert not run.exists()


def test_half_a_character_does_not_hide_the_cause(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fail(SevenfoldError("odd", "before \ud800 after"))
    assert json.loads(capsys.readouterr().out)["message"] == "before ? after"


def test_a_run_folder_that_cannot_be_written_does_not_hide_the_cause(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run.write_text("a file where the folder should be")
    fail(DataError("no_rows", "m"))
    assert json.loads(capsys.readouterr().out)["code"] == "no_rows"


@pytest.mark.parametrize("letter", ["x", "é", "\0", "\U0001f600"])
def test_the_termination_message_is_whole_json_that_kubernetes_keeps(
    run: Path, termination_log: Path, letter: str
) -> None:
    error = DataError("long", letter * 10_000, remedy=letter * 10_000)
    error.__cause__ = ValueError(letter * 10_000)
    fail(error)
    message = termination_log.read_bytes()
    assert len(message) <= 4_096
    cause = json.loads(message)
    assert (cause["code"], cause["stage"]) == ("long", "training")
    assert cause["message"].startswith(letter * 100)


def test_a_short_failure_is_in_the_termination_message_in_full(
    run: Path, termination_log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(DataError("no_rows", "A table has rows.", remedy="Add some."))
    assert termination_log.read_text() + "\n" == capsys.readouterr().out


@pytest.mark.parametrize("letter", ["x", "é", "\0", "\U0001f600"])
def test_the_message_of_a_job_is_whole_json_that_sagemaker_keeps(run: Path, tmp_path: Path, letter: str) -> None:
    message = tmp_path / "output/message"
    with pytest.raises(SystemExit), stage_boundary("training", message=message):
        raise DataError("long", letter * 10_000, remedy=letter * 10_000)
    written = message.read_bytes()
    assert len(written) <= 1_024
    cause = json.loads(written.decode("utf-8"))
    assert (cause["code"], cause["stage"], cause["exit_status"]) == ("long", "training", 2)
    assert cause["message"].startswith(letter * 50)


def test_a_job_that_works_leaves_no_message(tmp_path: Path) -> None:
    with stage_boundary("training", message=tmp_path / "message"):
        pass
    assert not (tmp_path / "message").exists()
