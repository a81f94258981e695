"""What the loop of a plan decided, here or at a receiver, and a person's word on it."""

from __future__ import annotations

import getpass
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from sevenfold.contracts.errors import DataError, PolicyError, TemporaryError
from sevenfold.monitoring.retrain.acknowledgement import acknowledge
from sevenfold.monitoring.retrain.clock import clock_of
from sevenfold.monitoring.retrain.decide import Action, Reason
from sevenfold.monitoring.retrain.history_report import entry_line
from sevenfold.monitoring.retrain.journal import Entry, Journal
from sevenfold.pipelines.releases import JOURNAL

__all__ = ["LoopTarget", "acknowledge_loop", "loop_lines"]

PATIENCE_SECONDS: Final = 30.0


@dataclass(frozen=True)
class LoopTarget:
    """Where a loop keeps its decisions: the folder of this machine's runs, or a receiver and its credential's file."""

    runs: Path = Path("runs")
    receiver: str = ""
    credential: Path | None = None


def loop_lines(name: str, target: LoopTarget) -> list[str]:
    """Return one line per decision about retrainings, newest first; none where nothing watches.

    Raises:
        DataError: ``bad_receiver``, ``bad_credential``.
        PolicyError, TemporaryError: the receiver says no, or does not answer.
    """
    if target.receiver:
        told = json.loads(_asked(target, "/decisions"))
        known = [one | {"action": Action(one["action"]), "reason": Reason(one["reason"])} for one in told]
        entries = [Entry(**one) for one in known if one["name"] == name]
    else:
        path = target.runs / name / JOURNAL
        entries = Journal(path).entries(name) if path.is_file() else []
    return [_line(entry) for entry in sorted(entries, key=lambda entry: (-entry.last, -entry.number))]


def acknowledge_loop(name: str, target: LoopTarget, reason: str) -> str:
    """Record that the user has seen why the loop called for a person, and return the newest line of its history.

    Raises:
        PolicyError: ``nothing_to_acknowledge``, ``nothing_watches``, and what a receiver refuses.
        DataError, TemporaryError: as `loop_lines`.
    """
    who = getpass.getuser()
    if target.receiver:
        _asked(target, "/acknowledgements", {"name": name, "who": who, "reason": reason})
    else:
        path = target.runs / name / JOURNAL
        if not path.is_file():
            raise PolicyError(
                "nothing_watches",
                f"A loop must have decided something about {name!r} in {target.runs}, but none has.",
                remedy="Name the folder of its runs with --runs, or the receiver on a cluster with --receiver.",
            )
        journal = Journal(path)
        acknowledge(journal, name, who=who, reason=reason, now=clock_of(journal).now())
    return loop_lines(name, target)[0]


def _line(entry: Entry) -> str:
    """Return a decision as a line whose moment is written as a promotion's is, with its offset from UTC."""
    _, _, rest = entry_line(entry).partition("  ")
    return f"{datetime.fromtimestamp(entry.last, UTC).isoformat(timespec='seconds')}  {rest}"


def _asked(target: LoopTarget, path: str, body: dict[str, Any] | None = None) -> bytes:
    if not target.receiver.startswith(("http://", "https://")):
        raise DataError("bad_receiver", f"--receiver must be an http or https address, but got {target.receiver!r}.")
    headers = {"authorization": f"Bearer {_credential(target)}", "content-type": "application/json"}
    sent = None if body is None else json.dumps(body).encode()
    request = Request(f"{target.receiver.rstrip('/')}{path}", sent, headers)  # noqa: S310 - the scheme is checked
    try:
        with urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            return bytes(answer.read())
    except HTTPError as error:
        said = error.read().decode(errors="replace")[:500]
        if error.code >= 500:
            raise TemporaryError("receiver_busy", f"The receiver cannot do it now: {said}") from None
        raise _refusal(error.code, said) from None
    except OSError as error:
        raise TemporaryError(
            "receiver_unreachable",
            f"The receiver must answer at {target.receiver}, but does not: "
            f"{error.reason if isinstance(error, URLError) else error}.",
            remedy="Open a way to it: kubectl --namespace sevenfold port-forward service/retrain 8090",
        ) from error


def _refusal(status: int, said: str) -> PolicyError:
    try:
        told = json.loads(said)
        return PolicyError(told["code"], told["message"], remedy=told["remedy"])
    except (ValueError, KeyError, TypeError):
        return PolicyError(
            "receiver_refused",
            f"The receiver must take the request, but answers with status {status}.",
            remedy="Name the file of its credential with --credential.",
        )


def _credential(target: LoopTarget) -> str:
    try:
        return target.credential.read_text(encoding="ascii").strip() if target.credential is not None else ""
    except (OSError, ValueError) as error:
        raise DataError(
            "bad_credential", f"--credential must name a readable file, but it is not: {type(error).__name__}."
        ) from error
