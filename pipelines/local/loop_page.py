"""What the page of a loop shows beside its journal: all models of this machine, candidates, and live traffic."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.errors import SevenfoldError
from sevenfold.contracts.evaluation import Evaluation, GateResult
from sevenfold.contracts.registry import LocalRegistry, Record
from sevenfold.drift.telemetry import bundle_label
from sevenfold.monitoring.replay import Replayed
from sevenfold.monitoring.retrain.acknowledgement import person_needed
from sevenfold.monitoring.retrain.candidates import Candidate
from sevenfold.monitoring.retrain.fleet_table import FleetModel
from sevenfold.monitoring.retrain.journal import Entry, Journal, RunEntry
from sevenfold.monitoring.score_charts import score_blocks
from sevenfold.monitoring.scrape import scrape
from sevenfold.pipelines.releases import JOURNAL
from sevenfold.pipelines.runs import RunFolder
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Fact
from sevenfold.report.model import Block
from sevenfold.scoring.client import InferenceClient

__all__ = ["SCORES", "candidates_of", "fleet_of", "scores_on_page", "serving_facts", "traffic_of"]

SCORES: Final = "scores.json"
PATIENCE_SECONDS = 5.0
_COMPARING = ("serving", "best")  # gates that set a candidate beside another model


def serving_facts(record: Record, bundle: Bundle) -> list[Fact]:
    """Return what serves, as facts for a page."""
    since = record.moment[:16].replace("T", " ")
    facts = [Fact(label="Serving", value=bundle_label(bundle.digest), hint=f"run {record.run}, since {since}")]
    if record.metric in record.scores:
        facts.append(Fact(label=record.metric, value=record.scores[record.metric], hint="on its test rows"))
    return facts


def fleet_of(runs: Path) -> list[FleetModel]:
    """Return every plan under `runs` of which a model was promoted, by name; one that cannot be read is left out."""
    found = []
    for home in sorted(path.parent for path in runs.glob("*/registry")):
        try:
            found += _model(home)
        except SevenfoldError:
            continue
    return found


def _model(home: Path) -> list[FleetModel]:
    record = LocalRegistry(home / "registry").current()
    if record is None:
        return []
    entries: list[Entry] = []
    retrainings = 0
    if (home / JOURNAL).is_file():
        journal = Journal(home / JOURNAL)
        entries, retrainings = journal.entries(home.name), len(journal.runs(home.name))
    last = max(entries, key=lambda entry: entry.last, default=None)
    return [
        FleetModel(
            name=home.name,
            bundle=bundle_label(record.bundle),
            promoted=record.moment[:16].replace("T", " "),
            metric=record.metric,
            score=record.scores.get(record.metric),
            retrainings=retrainings,
            last=last.sentence if last else "",
            person_needed=person_needed(entries) is not None,
        )
    ]


def candidates_of(home: Path, runs: Sequence[RunEntry]) -> list[Candidate]:
    """Return what each retraining brought, oldest first."""
    return [_candidate(RunFolder(home / run.run), run) for run in runs if run.run]


def _candidate(folder: RunFolder, run: RunEntry) -> Candidate:
    path = folder.artifact("test-model", "evaluation")
    try:
        tested = Evaluation.open(path) if path else None
    except SevenfoldError:
        tested = None
    if tested is None:
        return Candidate(run=run.run, state=run.state)
    return Candidate(
        run=run.run,
        state=run.state,
        metric=tested.metric,
        score=tested.scores.get(tested.metric),
        interval=tested.intervals.get(tested.metric),
        compared=_compared(tested.gates),
    )


def _compared(gates: Sequence[GateResult]) -> str:
    """Return how the candidate stood beside the serving model, and every other comparison that it did not pass."""
    told = [gate for gate in gates if gate.kind in _COMPARING]
    first = next((gate for gate in told if gate.kind == "serving"), None)
    return " ".join(gate.sentence for gate in told if gate is first or gate.verdict != "passed")


def traffic_of(url: str, name: str, label: str) -> Replayed | None:
    """Return what the predictor at `url` has counted since it started; None where another bundle or nobody answers."""
    if not url:
        return None
    try:
        with InferenceClient(url, name, timeout_seconds=PATIENCE_SECONDS) as client:
            return Replayed.of_traffic("since it started", scrape(client, label))
    except SevenfoldError:
        return None


def scores_on_page(home: Path, label: str, section: MonitoringSection) -> list[Block]:
    """Return the scores over time of a loop, and that they are unknown where they are."""
    return score_blocks(home / SCORES, label, section, now=time.time())
