"""The model card: what a model is for, what it was tested on, where it fails (Mitchell et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sevenfold.contracts.bundle import BundleInfo
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.contracts.schema import Column
from sevenfold.testing.gates import told

__all__ = ["model_card"]

MAX_ROWS = 12
VERDICTS = {"passed": "✓ holds", "refused": "✗ refused", "not_judged": "– not judged"}


def model_card(found: Evaluation, info: BundleInfo) -> str:
    """Return the model card as Markdown; values of sensitive columns are not in it."""
    return "\n".join([*_model(found, info), *_scores(found), *_gates(found), *_slices(found), *_features(found, info)])


def _model(found: Evaluation, info: BundleInfo) -> Iterator[str]:
    signature = info.signature
    yield f"# Model card: {_plain(found.name)}"
    yield ""
    verdict = "passed its test" if found.decision == "promote" else "was **refused** by its test"
    what = f"A {found.task.value} model of `{_code(signature.target)}` from {len(signature.inputs)} columns"
    yield f"{what}; it {verdict}."
    yield ""
    facts = [
        ("Bundle", f"`{found.digests.get('bundle', '')}`"),
        ("Dataset", f"`{found.digests.get('dataset', '')}`"),
        ("Framework", f"{info.framework}, Sevenfold {info.package_version}"),
        ("Classes", ", ".join(_plain(name) for name in found.classes[:MAX_ROWS]) if found.classes else "–"),
        ("Tested on", f"{found.rows['test']:,} rows that neither training nor tuning saw"),
    ]
    yield from _table(("", ""), facts)


def _scores(found: Evaluation) -> Iterator[str]:
    yield "## How good it is"
    yield ""
    rows = []
    for name, value in found.scores.items():
        ends = found.intervals.get(name)
        span = f"{told(ends[0])} to {told(ends[1])}" if ends else ""
        compared = [found.train_scores.get(name), found.baseline_scores.get(name)]
        label = f"**{name}**" if name == found.metric else name
        rows.append((label, told(value), span, *("" if v is None else told(v) for v in compared)))
    yield from _table(("metric", "test rows", "interval", "training rows", "constant prediction"), rows)


def _gates(found: Evaluation) -> Iterator[str]:
    yield "## Gates"
    yield ""
    yield from _table(
        ("gate", "verdict", "what was found"), [(g.name, VERDICTS[g.verdict], g.sentence) for g in found.gates]
    )


def _slices(found: Evaluation) -> Iterator[str]:
    parts = [part for part in found.slices if part.score is not None]
    if not parts:
        return
    yield "## Where it differs"
    yield ""
    rows = [
        (
            part.column,
            part.value,
            f"{part.rows:,}",
            told(part.score or 0.0),
            f"{told(part.interval[0])} to {told(part.interval[1])}" if part.interval else "",
        )
        for part in parts
    ]
    yield from _table(("column", "value", "rows", found.metric, "interval"), rows)


def _features(found: Evaluation, info: BundleInfo) -> Iterator[str]:
    yield "## What it looks at"
    yield ""
    order = [*found.importance, *(name for name in info.signature.inputs if name not in found.importance)]
    rows = [
        (f"`{_code(name)}`", _kind(info.signature.inputs[name]), told(found.importance.get(name, 0.0)))
        for name in order[:MAX_ROWS]
    ]
    yield from _table(("column", "kind", f"loss of {found.metric} when shuffled"), rows)
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
    """Return a text of the data so that Markdown and HTML take it as text."""
    for letter in "\\`*_[]<>#":
        text = text.replace(letter, f"&#{ord(letter)};")
    return " ".join(text.split())


def _code(text: str) -> str:
    return " ".join(text.replace("`", "'").split())
