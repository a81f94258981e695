"""What to do after a run: lines for the console and for the report's head, each with a label."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.evaluation import GateResult
from sevenfold.contracts.service import KServeService, open_service
from sevenfold.pipelines.runs import RunFolder
from sevenfold.pipelines.score_first import evaluation_of
from sevenfold.report.model import Step

__all__ = ["COLUMNS", "command", "near", "next_steps"]

COLUMNS: Final = 99  # of a line on the console

CHANGES: Final = {
    "limit": "Better data, another model or a longer search; or the limit: testing.gates.",
    "baseline": "The features say too little about the target: see the leaders among them in the report.",
    "overfitting": "Fewer epochs, a smaller model or more rows; or the limit: testing.max_overfitting.",
    "slice": "More rows of these slices; or the limit: testing.max_slice_gap.",
    "serving": "The model that serves is better and stays; the allowed loss is testing.margin.",
    "suspect": "Leave the column out (role: ignore), or allow it: data.allow_leakage.",
    "best": "An earlier model was better; the allowed loss is testing.margin.",
    "classes": "testing.threshold: auto lets training choose from which probability on a binary model says yes.",
    "cost": "Better data, another model or a longer search: so far, the decision without a model costs no more.",
}
DECIDE: Final = "Test on more rows, or raise testing.margin or the limit to what the use can bear."


def next_steps(folder: RunFolder, state: str, *, serving: str = "", again: str = "") -> list[Step]:
    """Return what a person needs after a run, the most important first.

    Args:
        folder: the run's, with its links.
        state: how the run ended.
        serving: address of the predictor, where it goes on serving; an address that is dead is never shown.
        again: the command that runs the plan again; "" says nothing of it.
    """
    steps: list[Step] = []
    if state == "promoted":
        service = _on_cluster(folder)
        steps += _serve(folder, serving or (service.public_url if service else ""))
    elif state == "waiting":
        steps += [*_undecided(folder), _approve(folder), *_serve(folder, serving)]
    elif state in ("refused", "rolled back"):
        steps += _refused(folder)
    elif state == "failed":
        steps += _failed(folder)
    if again and state in ("refused", "rolled back"):
        steps.append(Step("again", again, verbatim=True))
    elif again and state == "failed":
        kept = (folder.path.parent / "checkpoints").is_dir() and any((folder.path.parent / "checkpoints").iterdir())
        text = f"{again}{'  # goes on from the last checkpoint' if kept else ''}"
        steps.append(Step("again", text, verbatim=True))
    return steps


def command() -> str:
    """Return what starts this command line from here: its name where the shell finds it, else its path."""
    if shutil.which("sevenfold"):
        return "sevenfold"
    called = Path(sys.argv[0]).absolute()
    if called.name == "__main__.py":
        return f"{shlex.quote(near(Path(sys.executable)))} -m sevenfold"
    return shlex.quote(near(called))


def near(path: Path) -> str:
    """Return a path as it is written from the working folder, absolute where it does not lie below."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _serve(folder: RunFolder, address: str) -> Iterator[Step]:
    """Yield where the model answers, or without an address the command that serves it, and how to ask it."""
    bundle, name = f"{near(folder.path)}/bundle", folder.path.parent.name
    if address:
        yield Step("serving", address, verbatim=True)
    elif (folder.path / "bundle").exists():
        yield Step("serve", f"{command()} serve {shlex.quote(bundle)}", verbatim=True)
    else:
        return
    example = shlex.quote(f"@{bundle}/example_request.json")
    url = f"{address or 'localhost:8080'}/v1/models/{name}:predict"
    first, second = f"curl -s {url} -H content-type:application/json \\", f"  -d {example}"
    if len(first) > COLUMNS - 11:
        first = f"curl -s {url} \\\n  -H content-type:application/json \\"
    yield Step("query", f"{first}\n{second}", verbatim=True)


def _approve(folder: RunFolder) -> Step:
    service = _on_cluster(folder)
    where = f" --namespace {service.namespace}" if service else ""
    if service is None and near(folder.path.parents[1]) != "runs":
        where = f" --runs {shlex.quote(near(folder.path.parents[1]))}"
    text = f"{command()} promote {folder.path.parent.name}{where}"
    return Step("approve", text, verbatim=True)


def _on_cluster(folder: RunFolder) -> KServeService | None:
    """Return the service of a run on a cluster; None for one on this machine."""
    path = folder.artifact("deploy-model", "service")
    try:
        service = open_service(path) if path else None
    except IntegrityError:
        return None
    return service if isinstance(service, KServeService) else None


def _refused(folder: RunFolder) -> Iterator[Step]:
    gates = _gates(folder, "refused")
    for gate in gates:
        yield Step("gate", gate.sentence)
    for kind in dict.fromkeys(gate.kind for gate in gates):
        yield Step("change", CHANGES[kind])
    if not gates:
        yield from _undecided(folder)


def _undecided(folder: RunFolder) -> Iterator[Step]:
    """Yield what the test rows did not decide, and what would."""
    gates = _gates(folder, "undecided")
    for gate in gates:
        yield Step("gate", gate.sentence)
    if any(gate.kind == "suspect" for gate in gates):
        yield Step("change", CHANGES["suspect"])
    if any(gate.kind != "suspect" for gate in gates):
        yield Step("change", DECIDE)


def _gates(folder: RunFolder, verdict: str) -> list[GateResult]:
    evaluation = evaluation_of(folder)
    return [gate for gate in evaluation.gates if gate.verdict == verdict] if evaluation else []


def _failed(folder: RunFolder) -> Iterator[Step]:
    error = folder.error() or {}
    if error.get("remedy"):
        yield Step("do", str(error["remedy"]))
    for label, key in (("task", "task"), ("pod", "pod"), ("run", "link")):
        if error.get(key):
            yield Step(label, str(error[key]), verbatim=True)
    if folder.log.exists():
        yield Step("log", near(folder.log), verbatim=True)
