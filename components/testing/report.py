"""The report of a test: decision, gates, scores, charts."""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.contracts.evaluation import Evaluation, GateResult
from sevenfold.contracts.schema import Task
from sevenfold.report import Block, Fact, Facts, Finding, Findings, Level, Report, Table
from sevenfold.report.format_value import shortened
from sevenfold.testing.charts import comparison_chart, importance_chart, outcome_charts, slice_charts
from sevenfold.testing.evaluate import EvaluatedModel
from sevenfold.testing.sentences import CONSTANTS, format_gap, format_score
from sevenfold.testing.standing_blocks import standing_blocks

__all__ = ["evaluation_report"]

VERDICTS = {"passed": "holds", "refused": "refused", "undecided": "undecided", "not_judged": "not judged"}
LEVELS: dict[str, Level] = {"passed": "good", "refused": "bad", "undecided": "warning", "not_judged": "warning"}
DECISIONS: dict[str, Level] = {"promote": "good", "undecided": "warning", "refuse": "bad"}


def evaluation_report(tested: EvaluatedModel, *, hide_values: bool = False, seed: int = 7) -> Report:
    """Return the report of a test.

    Args:
        tested: the evaluation and the rows behind it.
        hide_values: leave out charts that show values of a sensitive target.
        seed: chooses the rows of charts that cannot show all.
    """
    evaluation = tested.evaluation
    findings = tuple(_findings(evaluation))
    blocks: list[Block] = [*standing_blocks(evaluation), _facts(evaluation)]
    blocks += [Findings(findings=findings)] if findings else []
    blocks.append(_gates(evaluation))
    blocks += outcome_charts(evaluation, tested.test, hide_values=hide_values, seed=seed)
    blocks += [chart for chart in (comparison_chart(evaluation), importance_chart(evaluation)) if chart]
    blocks += [*slice_charts(evaluation), _scores(evaluation)]
    return Report(
        stage="testing",
        title="Testing",
        headline=f"{evaluation.decision.capitalize()}: {evaluation.sentence}",
        level=DECISIONS[evaluation.decision],
        blocks=tuple(blocks),
    )


def _facts(evaluation: Evaluation) -> Facts:
    value, train, base = (scores.get(evaluation.metric) for scores in _all_scores(evaluation))
    interval = evaluation.intervals.get(evaluation.metric)
    passed = sum(gate.verdict == "passed" for gate in evaluation.gates)
    facts = [
        Fact(
            label="Decision",
            value=evaluation.decision,
            level=DECISIONS[evaluation.decision],
            hint=f"{passed} of {len(evaluation.gates)} gates hold",
        ),
        Fact(
            label=f"{evaluation.metric} on test rows",
            value=shortened(value),
            hint=f"interval {format_score(interval[0])} to {format_score(interval[1])}" if interval else "",
        ),
        Fact(label="on training rows", value=shortened(train), hint=f"{evaluation.rows['train']:,} rows"),
        Fact(label="of a constant prediction", value=shortened(base)),
        Fact(label="Test rows", value=evaluation.rows["test"]),
        *_decisions(evaluation),
        *_resolution(evaluation),
    ]
    return Facts(facts=tuple(facts))


def _decisions(evaluation: Evaluation) -> Iterator[Fact]:
    """Yield a binary model's threshold, how it finds the positive rows with it, and what its decisions cost."""
    if evaluation.task is Task.BINARY:
        chosen = "chosen in training, never on test rows"
        yield Fact(label="Threshold", value=shortened(evaluation.threshold), hint=chosen)
        recall, precision, f1 = (evaluation.scores.get(name) for name in ("recall", "precision", "f1"))
        others = f"precision {precision:.4g}, f1 {f1:.4g}" if precision is not None and f1 else ""
        yield Fact(label="Recall", value=shortened(recall), hint=others)
    costs = evaluation.cost_per_row
    if costs:
        constant = ", ".join(f"{CONSTANTS[name]} {format_score(costs[name])}" for name in CONSTANTS)
        yield Fact(label="Cost per row", value=shortened(costs["model"]), hint=constant)


def _resolution(evaluation: Evaluation) -> Iterator[Fact]:
    """Yield the smallest difference that the rows could show, by the first model that was compared."""
    for kind in ("serving", "best", "baseline"):
        for gate in evaluation.gates:
            if gate.kind == kind and gate.resolves:
                hint = f"of {gate.metric}, {gate.name}"
                hint += f"; the limit needs about {gate.rows_needed:,} rows" if gate.rows_needed else ""
                value = format_gap(evaluation.metric, gate.resolves)
                yield Fact(label="Smallest difference that these rows can show", value=value, hint=hint)
                return


def _findings(evaluation: Evaluation) -> Iterator[Finding]:
    for gate in evaluation.gates:
        if gate.verdict == "refused":
            yield Finding(level="bad", text=gate.sentence)
        elif gate.verdict in ("undecided", "not_judged"):
            yield Finding(level="warning", text=gate.sentence)


def _gates(evaluation: Evaluation) -> Table:
    return Table(
        title="Gates",
        columns=("gate", "verdict", "value", "limit", "bounds", "reason"),
        rows=tuple(
            (one.name, VERDICTS[one.verdict], shortened(one.value), shortened(one.limit), _ends(one), one.sentence)
            for one in evaluation.gates
        ),
        levels=tuple(LEVELS[gate.verdict] for gate in evaluation.gates),
        caption="A gate holds where the bounds lie on the good side of the limit, and is undecided where they include "
        "it. Value and limit of a comparison say how much worse the candidate is; negative is better.",
    )


def _scores(evaluation: Evaluation) -> Table:
    return Table(
        title="Scores",
        columns=("metric", "test rows", "training rows", "linear model", "constant prediction"),
        rows=tuple(
            (name, *(shortened(scores.get(name)) for scores in _compared(evaluation))) for name in evaluation.scores
        ),
    )


def _compared(evaluation: Evaluation) -> tuple[dict[str, float], ...]:
    return evaluation.scores, evaluation.train_scores, evaluation.linear_scores, evaluation.baseline_scores


def _all_scores(evaluation: Evaluation) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    return evaluation.scores, evaluation.train_scores, evaluation.baseline_scores


def _ends(gate: GateResult) -> str:
    return f"{format_score(gate.interval[0])} to {format_score(gate.interval[1])}" if gate.interval else ""
