"""The part of the report that shows the kinds of models side by side."""

from __future__ import annotations

from sevenfold.plan.metrics import higher_is_better
from sevenfold.report import Block, Level, Table
from sevenfold.report.charts import scatter
from sevenfold.report.format_value import format_score, shortened
from sevenfold.report.quantity import quantity
from sevenfold.tuning.choice import GIVE_UP, NOISE, Choice, Contender

__all__ = ["kinds_blocks", "kinds_sentence"]


def kinds_blocks(choice: Choice, metric: str) -> tuple[Block, ...]:
    """Return a table of the kinds and a chart of their trials; nothing where the plan left no choice."""
    if len(choice.contenders) < 2:
        return ()
    better = "higher" if higher_is_better(metric) else "lower"
    table = Table(
        title="Kinds of models",
        columns=("kind", f"best {metric}", "behind the best", "standard error", "trials", "seconds", "verdict"),
        rows=tuple(_row(choice, contender) for contender in choice.contenders),
        levels=tuple(_level(choice, contender) for contender in choice.contenders),
        caption=f"On the same validation rows, the {better} the better; the simplest kind stands first. A kind more "
        f"than {GIVE_UP:g} standard errors of the difference behind gets no more trials. A simpler kind at most "
        f"{NOISE:g} standard errors behind wins.",
    )
    points = [
        {"trial": trial.number + 1, "score": trial.score, "kind": contender.kind.name}
        for contender in choice.contenders
        for trial in contender.study.trials
        if trial.score is not None
    ]
    chart = scatter(
        "Trials of each kind",
        points,
        "trial",
        "score",
        "kind",
        x_title="trial of the kind",
        y_title=metric,
        caption="A trial that was stopped early is drawn with its last score; failed trials are not drawn.",
        alt=f"{metric} of {quantity(len(points), 'trial')} of {quantity(len(choice.contenders), 'kind')} of models.",
    )
    return table, chart


def kinds_sentence(choice: Choice) -> str:
    """Return which kind won and why, in one sentence; empty where the plan left no choice."""
    if len(choice.contenders) < 2:
        return ""
    chosen = choice.chosen
    if chosen.behind:
        leader = next(contender for contender in choice.contenders if contender.behind == 0)
        return (
            f"Chosen: {chosen.kind.name}, simpler than {leader.kind.name} and only {_gap(chosen.behind)} behind, "
            f"with a standard error of {_gap(chosen.error)}."
        )
    others = [contender for contender in choice.contenders if contender is not chosen and contender.behind is not None]
    if not others:
        return f"Chosen: {chosen.kind.name}; no other kind has a score."
    second = min(others, key=lambda contender: contender.behind or 0.0)
    return f"Chosen: {chosen.kind.name}, {_gap(second.behind)} ahead of {second.kind.name}."


def _gap(value: float | None) -> str:
    """Return a gap with two significant digits, and no exponent where it is large."""
    return format_score(float(f"{value or 0.0:.2g}"))


def _row(choice: Choice, contender: Contender) -> tuple[str | float | int | None, ...]:
    study = contender.study
    return (
        contender.kind.name,
        shortened(study.best.score, 12) if study.best is not None else None,
        None if contender.behind is None else float(f"{contender.behind:.3g}"),
        None if contender.error is None else float(f"{contender.error:.3g}"),
        len(study.trials),
        round(study.seconds, 1),
        _verdict(choice, contender),
    )


def _verdict(choice: Choice, contender: Contender) -> str:
    if contender is choice.chosen:
        return "chosen"
    if contender.behind is None:
        cause = next((trial.cause for trial in contender.study.trials if trial.cause), "no trial succeeded")
        return f"failed: {cause}"
    if contender.given_up:
        return f"given up after {len(contender.study.trials)}"
    return "best score, but not simpler" if contender.behind == 0 else "behind"


def _level(choice: Choice, contender: Contender) -> Level | None:
    if contender is choice.chosen:
        return "good"
    return "bad" if contender.behind is None else None
