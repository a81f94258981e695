"""`sevenfold history` and `acknowledge` against a journal of this machine, and against a receiver over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from loop_world import NAME, LoopWorld
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.errors import PolicyError, TemporaryError
from sevenfold.monitoring.retrain.receiver import Receiver
from sevenfold.pipelines.decisions import LoopTarget, acknowledge_loop, loop_lines
from sevenfold.pipelines.releases import JOURNAL

CREDENTIAL = "a-credential-of-the-tests"


@pytest.fixture
def world(tmp_path: Path) -> LoopWorld:
    """A loop whose run was refused, so that a person is called for."""
    made = LoopWorld(tmp_path / "runs" / NAME / JOURNAL)
    made.drift("a")
    made.endings["a"] = ("refused", "It is no better.")
    made.process().work()
    return made


@pytest.fixture
def receiver(world: LoopWorld) -> Iterator[Receiver]:
    with Receiver(world.process(), lambda: CREDENTIAL) as running:
        yield running


@pytest.fixture
def there(receiver: Receiver, tmp_path: Path) -> LoopTarget:
    (tmp_path / "credential").write_text(f"{CREDENTIAL}\n")
    return LoopTarget(receiver=f"http://127.0.0.1:{receiver.port}", credential=tmp_path / "credential")


def test_an_acknowledgement_here_stands_in_the_history(world: LoopWorld, tmp_path: Path) -> None:
    runs = ["--runs", str(tmp_path / "runs")]
    done = CliRunner().invoke(app, ["acknowledge", NAME, "--reason", "the join is mended", *runs])
    assert done.exit_code == 0, done.output
    assert "acknowledged" in done.output
    assert "has seen it: the join is mended. It was: The old model stays. It is no better." in done.output
    assert loop_lines(NAME, LoopTarget(tmp_path / "runs"))[0] == done.output.rstrip("\n")
    again = CliRunner().invoke(app, ["acknowledge", NAME, "--reason", "again", *runs])
    assert again.exit_code != 0
    other = CliRunner().invoke(app, ["acknowledge", "trains", "--reason", "which", *runs])
    assert other.exit_code != 0


def test_a_decision_says_its_moment_as_a_promotion_does(world: LoopWorld, tmp_path: Path) -> None:
    entries = sorted(world.entries(), key=lambda entry: (-entry.last, -entry.number))
    moments = [line.split("  ")[0] for line in loop_lines(NAME, LoopTarget(tmp_path / "runs"))]
    assert all(moment.endswith("+00:00") for moment in moments)
    assert [datetime.fromisoformat(moment).timestamp() for moment in moments] == [int(one.last) for one in entries]


def test_an_acknowledgement_reaches_a_receiver_and_stands_in_its_history(world: LoopWorld, there: LoopTarget) -> None:
    line = acknowledge_loop(NAME, there, "the join is mended")
    assert "has seen it: the join is mended." in line
    given = ["--receiver", there.receiver, "--credential", str(there.credential)]
    shown = CliRunner().invoke(app, ["history", NAME, *given])
    assert shown.exit_code == 0, shown.output
    assert [text in shown.output for text in ("retrain ", "a person", "acknowledged")] == [True] * 3
    assert f"{line}\n" in shown.output
    assert world.entries()[-1].reason.value == "acknowledged"
    with pytest.raises(PolicyError) as nothing:
        acknowledge_loop(NAME, there, "again")
    assert nothing.value.code == "nothing_to_acknowledge"
    assert loop_lines("trains", there) == []


def test_a_receiver_lets_nobody_acknowledge_without_its_credential(
    world: LoopWorld, there: LoopTarget, tmp_path: Path
) -> None:
    (tmp_path / "other").write_text("a-credential-of-somebody-else")
    for credential in (None, tmp_path / "other"):
        with pytest.raises(PolicyError) as told:
            acknowledge_loop(NAME, LoopTarget(receiver=there.receiver, credential=credential), "let me in")
        assert told.value.code == "receiver_refused"
    assert world.entries()[-1].reason.value == "not_promoted"


def test_a_receiver_that_is_away_is_said_to_be(there: LoopTarget, receiver: Receiver) -> None:
    port = receiver.port
    receiver.__exit__()
    with pytest.raises(TemporaryError) as told:
        loop_lines(NAME, LoopTarget(receiver=f"http://127.0.0.1:{port}", credential=there.credential))
    assert told.value.code == "receiver_unreachable"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"nonsense", 400, "bad_acknowledgement"),
        (b'{"name": "flights", "who": "eva"}', 400, "bad_acknowledgement"),
        (b'{"name": "flights", "who": "eva", "reason": ""}', 400, "bad_acknowledgement"),
        (b'{"name": "trains", "who": "eva", "reason": "seen"}', 409, "nothing_to_acknowledge"),
    ],
)
def test_what_acknowledges_nothing_is_refused_with_why(receiver: Receiver, body: bytes, status: int, code: str) -> None:
    headers = {"authorization": f"Bearer {CREDENTIAL}"}
    request = Request(f"http://127.0.0.1:{receiver.port}/acknowledgements", body, headers)
    with pytest.raises(HTTPError) as told:
        urlopen(request, timeout=10)  # noqa: S310
    assert (told.value.code, json.loads(told.value.read())["code"]) == (status, code)
