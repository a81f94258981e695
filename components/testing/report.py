"""The report of a test: decision, gates, scores, plots."""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.contracts.evaluation import Evaluation, GateResult
from sevenfold.report import Block, Fact, Facts, Finding, Findings, Level, Report, Table
from sevenfold.testing.charts import comparison_chart, importance_chart, outcome_charts, slice_charts
from sevenfold.testing.evaluate import Tested
from sevenfold.testing.gates import told

__all__ = ["evaluation_report"]

VERDICTS = {"passed": "holds", "refused": "refused", "not_judged": "not judged"}
LEVELS: dict[str, Level] = {"passed": "good", "refused": "bad", "not_judged": "warning"}


def evaluation_report(found: Evaluation | Tested, *, hide_values: bool = False, seed: int = 7) -> Report:
    """Return the report of a test; from a bare `Evaluation` without the plots that need the rows.

    Args:
        found: what was tested.
        hide_values: leave out plots that show values of a sensitive target.
        seed: chooses the rows of plots that cannot show all.
    """
    rows, found = (found.test, found.evaluation) if isinstance(found, Tested) else (None, found)
    findings = tuple(_findings(found))
    blocks: list[Block] = [_facts(found)]
    blocks += [Findings(findings=findings)] if findings else []
    blocks.append(_gates(found))
    if rows is not None:
        blocks += outcome_charts(found, rows, hide_values=hide_values, seed=seed)
    blocks += [chart for chart in (comparison_chart(found), importance_chart(found)) if chart]
    blocks += [*slice_charts(found), _scores(found)]
    return Report(
        stage="testing",
        title="Testing",
        headline=f"{found.decision.capitalize()}: {found.sentence}",
        level="good" if found.decision == "promote" else "bad",
        blocks=tuple(blocks),
    )


def _facts(found: Evaluation) -> Facts:
    value, train, base = (
        scores.get(found.metric) for scores in (found.scores, found.train_scores, found.baseline_scores)
    )
    low_high = found.intervals.get(found.metric)
    passed = sum(gate.verdict == "passed" for gate in found.gates)
    facts = [
        Fact(
            label="Decision",
            value=found.decision,
            level="good" if found.decision == "promote" else "bad",
            hint=f"{passed} of {len(found.gates)} gates hold",
        ),
        Fact(
            label=f"{found.metric} on test rows",
            value=_short(value),
            hint=f"interval {told(low_high[0])} to {told(low_high[1])}" if low_high else "",
        ),
        Fact(label="on training rows", value=_short(train), hint=f"{found.rows['train']:,} rows"),
        Fact(label="of a constant prediction", value=_short(base)),
        Fact(label="Test rows", value=found.rows["test"]),
    ]
    return Facts(facts=tuple(facts))


def _findings(found: Evaluation) -> Iterator[Finding]:
    for gate in found.gates:
        if gate.verdict == "refused":
            yield Finding(level="bad", text=gate.sentence)
        elif gate.verdict == "not_judged" or "chance" in gate.sentence:
            yield Finding(level="warning", text=gate.sentence)


def _gates(found: Evaluation) -> Table:
    return Table(
        title="Gates",
        columns=("gate", "verdict", "value", "limit", "interval", "what was found"),
        rows=tuple(
            (gate.name, VERDICTS[gate.verdict], _short(gate.value), _short(gate.limit), _ends(gate), gate.sentence)
            for gate in found.gates
        ),
        levels=tuple(LEVELS[gate.verdict] for gate in found.gates),
        caption="Value and limit of a comparison say how much worse the candidate is; negative is better.",
    )


def _scores(found: Evaluation) -> Table:
    return Table(
        title="Scores",
        columns=("metric", "test rows", "training rows", "constant prediction"),
        rows=tuple(
            (name, *(_short(s.get(name)) for s in (found.scores, found.train_scores, found.baseline_scores)))
            for name in found.scores
        ),
    )


def _ends(gate: GateResult) -> str:
    return f"{told(gate.interval[0])} to {told(gate.interval[1])}" if gate.interval else ""


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
