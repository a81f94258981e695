"""The model card: what a model predicts, on which rows it was tested, where it fails (Mitchell et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sevenfold.contracts.bundle import BundleInfo
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.contracts.schema import Column, Task
from sevenfold.testing.sentences import CONSTANTS, format_score
from sevenfold.testing.standing import standing, warnings

__all__ = ["model_card"]

MAX_ROWS = 12
VERDICTS = {"passed": "✓ holds", "refused": "✗ refused", "undecided": "? undecided", "not_judged": "– not judged"}
DECISIONS = {
    "promote": "passed its test",
    "refuse": "was **refused** by its test",
    "undecided": "was left **undecided** by its test: the rows do not show enough",
}


def model_card(evaluation: Evaluation, info: BundleInfo) -> str:
    """Return the model card as Markdown; values of sensitive columns are not in it."""
    results = (*_scores(evaluation), *_gates(evaluation), *_slices(evaluation))
    return "\n".join([*_model(evaluation, info), *results, *_inputs(evaluation, info)])


def _model(evaluation: Evaluation, info: BundleInfo) -> Iterator[str]:
    signature = info.signature
    yield f"# Model card: {_plain(evaluation.name)}"
    yield ""
    model = f"A {evaluation.task.value} model of `{_code(signature.target)}` from {len(signature.inputs)} columns"
    yield f"{model}; it {DECISIONS[evaluation.decision]}."
    yield ""
    facts = [
        ("Bundle", f"`{evaluation.digests.get('bundle', '')}`"),
        ("Dataset", f"`{evaluation.digests.get('dataset', '')}`"),
        ("Framework", f"{info.framework}, Sevenfold {info.package_version}"),
        ("Classes", ", ".join(_plain(name) for name in evaluation.classes[:MAX_ROWS]) if evaluation.classes else "–"),
        *_threshold(evaluation, info),
        ("Tested on", f"{evaluation.rows['test']:,} rows that neither training nor tuning saw"),
    ]
    yield from _table(("", ""), facts)


def _threshold(evaluation: Evaluation, info: BundleInfo) -> Iterator[tuple[str, str]]:
    """Yield from which probability on the model says yes and why, and what its decisions cost."""
    if evaluation.task is not Task.BINARY:
        return
    why = f" {_plain(info.threshold_choice.sentence)}" if info.threshold_choice else ""
    yield "Decision", f"{_plain(evaluation.classes[1])} from a probability of {evaluation.threshold:.4g} on.{why}"
    costs = evaluation.cost_per_row
    if costs:
        texts = [f"{CONSTANTS.get(name, name)} {format_score(cost)}" for name, cost in costs.items()]
        yield "Cost per row", ", ".join(texts)


def _scores(evaluation: Evaluation) -> Iterator[str]:
    yield "## Scores"
    yield ""
    rows = []
    for name, value in evaluation.scores.items():
        ends = evaluation.intervals.get(name)
        span = f"{format_score(ends[0])} to {format_score(ends[1])}" if ends else ""
        compared = [
            scores.get(name)
            for scores in (evaluation.train_scores, evaluation.linear_scores, evaluation.baseline_scores)
        ]
        label = f"**{name}**" if name == evaluation.metric else name
        rows.append((label, format_score(value), span, *("" if v is None else format_score(v) for v in compared)))
    yield from _table(("metric", "test rows", "interval", "training rows", "linear model", "constant prediction"), rows)
    lines = standing(evaluation)
    if lines:
        yield from _table(
            ("model", evaluation.metric, "interval", "this model is"), [(*line[:3], line.candidate) for line in lines]
        )
    for text in warnings(evaluation):
        yield f"**Note:** {_plain(text)}"
        yield ""


def _gates(evaluation: Evaluation) -> Iterator[str]:
    yield "## Gates"
    yield ""
    yield from _table(
        ("gate", "verdict", "reason"), [(g.name, VERDICTS[g.verdict], g.sentence) for g in evaluation.gates]
    )


def _slices(evaluation: Evaluation) -> Iterator[str]:
    parts = [part for part in evaluation.slices if part.score is not None]
    if not parts:
        return
    yield "## Slices"
    yield ""
    rows = [
        (
            part.column,
            part.value,
            f"{part.rows:,}",
            format_score(part.score or 0.0),
            f"{format_score(part.interval[0])} to {format_score(part.interval[1])}" if part.interval else "",
        )
        for part in parts
    ]
    yield from _table(("column", "value", "rows", evaluation.metric, "interval"), rows)


def _inputs(evaluation: Evaluation, info: BundleInfo) -> Iterator[str]:
    yield "## Inputs"
    yield ""
    order = [*evaluation.importance, *(name for name in info.signature.inputs if name not in evaluation.importance)]
    rows = [
        (f"`{_code(name)}`", _kind(info.signature.inputs[name]), format_score(evaluation.importance.get(name, 0.0)))
        for name in order[:MAX_ROWS]
    ]
    yield from _table(("column", "kind", f"loss of {evaluation.metric} when shuffled"), rows)
    if len(order) > MAX_ROWS:
        yield f"… and {len(order) - MAX_ROWS} more columns."
        yield ""


def _kind(column: Column) -> str:
    unit = f", {_plain(column.unit)}" if column.unit else ""
    return column.kind.value + unit + (", sensitive" if column.sensitive else "")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _row(head)
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield _row(row)
    yield ""


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _plain(text: str) -> str:
    """Escape a text of the data, so that neither Markdown nor HTML reads it as markup."""
    for letter in "\\`*_[]<>#":
        text = text.replace(letter, f"&#{ord(letter)};")
    return " ".join(text.split())


def _code(text: str) -> str:
    return " ".join(text.replace("`", "'").split())
