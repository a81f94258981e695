"""The report of preparation: the rows, the refused ones with their reasons, and the features of the model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sevenfold.contracts.schema import Kind, Task
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, NumberFeature
from sevenfold.plan.preparation import SplitBy
from sevenfold.preparation.features import FeatureFindings
from sevenfold.preparation.prepared import Prepared
from sevenfold.report.charts import bars, lines
from sevenfold.report.model import Block, Chart, Fact, Facts, Finding, Findings, Report, Table
from sevenfold.report.quantity import quantity
from sevenfold.tables.class_choice import LEFT_OUT
from sevenfold.tables.quarantine import LABEL_MISSING
from sevenfold.tables.records import REPEATED_HEADER

__all__ = ["preparation_report"]

SHOWN_COLUMNS = 40
SPLIT = {SplitBy.TIME: "by time", SplitBy.GROUP: "by group", SplitBy.STRATIFIED: "at random"}
SHOWN_CLASSES = 20


def preparation_report(prepared: Prepared) -> Report:
    """Return what preparation did as a report; it names no value of a sensitive column."""
    splits = ", ".join(f"{name} {rows:,}" for name, rows in prepared.splits.items())
    used = sum(1 for feature in prepared.features if not feature.dropped)
    headline = (
        f"{prepared.kept:,} of {quantity(prepared.rows, 'row')} kept, {quantity(used, 'feature')}, "
        f"split {SPLIT[prepared.by]}: {splits}."
    )
    blocks: list[Block] = [_facts(prepared, used)]
    warnings = [*prepared.warnings, *_duplicates(prepared)]
    if warnings:
        blocks.append(Findings(findings=tuple(Finding(level="warning", text=text) for text in warnings)))
    blocks += [
        *_refined(prepared),
        *_merged(prepared),
        _splits(prepared),
        *_balance(prepared),
        *_refused(prepared),
        *_missing(prepared),
        *_categories(prepared),
    ]
    blocks.append(_columns(prepared))
    return Report(
        stage="preparation",
        title="Preparation",
        headline=headline,
        level="warning" if warnings else "good",
        blocks=tuple(blocks),
    )


def _facts(prepared: Prepared, used: int) -> Facts:
    unlabelled = prepared.refused.get(LABEL_MISSING, 0)
    left_out = prepared.refused.get(LEFT_OUT, 0)
    bad = sum(prepared.refused.values()) - unlabelled - left_out - prepared.refused.get(REPEATED_HEADER, 0)
    dropped = len(prepared.features) - used
    return Facts(
        facts=(
            Fact(label="Rows read", value=prepared.rows, hint="rows of the table, blank lines left out"),
            Fact(label="Rows kept", value=prepared.kept),
            Fact(label="Bad rows refused", value=bad, hint="in quarantine.parquet", level="warning" if bad else "good"),
            Fact(label="Rows without a label", value=unlabelled, hint="in quarantine.parquet, never guessed"),
            *_repeated(prepared),
            *([Fact(label="Rows of classes left out", value=left_out, hint="as the plan says")] if left_out else []),
            Fact(label="Features", value=used, hint="columns that the model sees"),
            Fact(
                label="Columns dropped",
                value=dropped,
                hint="constant or without values in the training rows",
                level="warning" if dropped else None,
            ),
        )
    )


def _repeated(prepared: Prepared) -> Iterator[Fact]:
    counts = prepared.duplicates
    if counts is not None:
        hint = "rows that repeat another one, exactly or nearly, in all features and the target"
        copies = counts.exact + counts.near
        yield Fact(label="Duplicate rows", value=copies, hint=hint, level="warning" if copies else None)


def _duplicates(prepared: Prepared) -> Iterator[str]:
    counts = prepared.duplicates
    if counts is None or not counts.exact + counts.near:
        return
    repeating = quantity(counts.exact, "row repeats", "rows repeat")
    text = f"{repeating} another one in all features and the target, and {counts.near:,} nearly so"
    if not counts.held_out:
        yield f"{text}; all copies of a row are on one side of the split."
    else:
        apart = "time decides" if prepared.by is SplitBy.TIME else "the groups decide"
        held = quantity(counts.held_out, "row that is held out has", "rows that are held out have")
        yield f"{text}; {apart}, and {held} a copy among the training rows."


def _refined(prepared: Prepared) -> Iterator[Block]:
    refinement = prepared.schema.refinement
    if prepared.refined is None or refinement is None:
        return
    text = (
        "The predictor does the same to every row of a request, which has the columns of the table before these steps."
    )
    if refinement.crossing:
        text = "Requests bring refined rows: a row alone cannot be refined. " + "; ".join(refinement.crossing) + "."
    if refinement.removing:
        text += f" Rows like those that {', '.join(refinement.removing)} removed were never trained on."
    yield prepared.refined
    yield Findings(findings=(Finding(level="info", text=text),))


def _merged(prepared: Prepared) -> Iterator[Table]:
    class_of = {label: name for name, labels in prepared.schema.merged_classes.items() for label in labels}
    if prepared.merged_rows:
        yield Table(
            title="Merged and left out classes",
            columns=("label", "rows", "counts as"),
            rows=tuple(
                (label, count, class_of.get(label, "left out"))
                for label, count in sorted(prepared.merged_rows.items(), key=lambda item: (-item[1], item[0]))
            )[:SHOWN_COLUMNS],
            caption="As data.merged_classes and data.left_out_classes say, here and wherever the model is scored.",
        )


def _splits(prepared: Prepared) -> Table:
    columns: tuple[str, ...]
    rows: list[tuple[str | int | float, ...]]
    if prepared.schema.task is Task.REGRESSION:
        columns = ("split", "rows", "share", "target mean", "target deviation")
        rows = [
            (name, count, count / prepared.kept, *(prepared.balance[name][key] for key in ("mean", "deviation")))
            for name, count in prepared.splits.items()
        ]
    else:
        last = list(next(iter(prepared.balance.values())))[-1]
        columns = ("split", "rows", "share", f"share of {last}")
        rows = [
            (name, count, count / prepared.kept, prepared.balance[name][last])
            for name, count in prepared.splits.items()
        ]
    return Table(
        title="The split",
        columns=columns,
        rows=tuple(tuple(round(cell, 4) if isinstance(cell, float) else cell for cell in row) for row in rows),
        caption="The transform is fitted on the training rows only; classes are frozen from all labels.",
    )


def _balance(prepared: Prepared) -> Iterator[Chart]:
    target = prepared.schema.target
    if prepared.timeline:
        mean = f"Mean of {target}" if prepared.schema.task is Task.REGRESSION else f"Share of {_positive(prepared)}"
        yield lines(
            f"{target} over time",
            [{"at": _moment(span.at), "value": span.target, "split": span.split} for span in prepared.timeline],
            "at",
            "value",
            "split",
            y_title=mean,
            y_percent=prepared.schema.task is not Task.REGRESSION,
            caption="A target that moves here moves after deployment too.",
            alt=f"{mean} per stretch of time, one line per side of the split.",
            wide=True,
        )
        yield lines(
            "Rows over time",
            [{"at": _moment(span.at), "rows": span.rows, "split": span.split} for span in prepared.timeline],
            "at",
            "rows",
            "split",
            y_title="rows",
            alt="Rows per stretch of time, one line per side of the split.",
            wide=True,
        )
    elif prepared.schema.task is not Task.REGRESSION:
        rows = [
            {"class": name, "share": share, "split": split}
            for split, shares in prepared.balance.items()
            for name, share in list(shares.items())[:SHOWN_CLASSES]
        ]
        yield bars(
            "Classes per split",
            rows,
            "class",
            "share",
            "split",
            percent=True,
            alt="Share of each class on each side of the split.",
        )


def _moment(at: str | float) -> datetime | float:
    return datetime.fromisoformat(at) if isinstance(at, str) else at


def _refused(prepared: Prepared) -> Iterator[Block]:
    if not prepared.refused_by_column:
        return
    ordered = sorted(prepared.refused_by_column.items(), key=lambda item: (-item[1], item[0]))
    yield Table(
        title="Refused rows",
        columns=("reason", "column", "rows", "share"),
        rows=tuple((code, column, count, round(count / prepared.rows, 5)) for (column, code), count in ordered[:30]),
        caption="quarantine.parquet holds each with its line in the table.",
    )


def _missing(prepared: Prepared) -> Iterator[Chart]:
    gaps = [feature for feature in prepared.features if any(feature.missing.values())]
    if not gaps:
        return
    gaps.sort(key=lambda feature: -max(feature.missing.values()))
    rows = [
        {"column": feature.name, "share": share, "split": split}
        for feature in gaps[:SHOWN_COLUMNS]
        for split, share in feature.missing.items()
    ]
    yield bars(
        "Missing values",
        rows,
        "column",
        "share",
        "split",
        percent=True,
        caption="A gap that differs between the splits came or went with time or group.",
        alt="Share of missing values of each feature on each side of the split.",
    )


def _categories(prepared: Prepared) -> Iterator[Block]:
    encoded = [item for item in prepared.features if isinstance(item.feature, CategoryFeature) and not item.dropped]
    if not encoded:
        return
    yield Table(
        title="Categories",
        columns=("column", "distinct in training", "kept", "share of rows that are rare", "encoding"),
        rows=tuple(
            (item.name, item.levels, len(item.feature.levels), round(item.rare, 4), item.feature.encoding)
            for item in encoded[:SHOWN_COLUMNS]
            if isinstance(item.feature, CategoryFeature)
        ),
        caption="A rare category shares one code with those that were never seen.",
    )


def _columns(prepared: Prepared) -> Table:
    features = {feature.name: feature for feature in prepared.features}
    rows = []
    for name, column in prepared.schema.columns.items():
        text = _encoding_text(features[name]) if name in features else column.note
        rows.append((name, column.kind.value, column.role.value, text))
    return Table(title="Columns", columns=("column", "kind", "role", "how the model sees it"), rows=tuple(rows))


def _encoding_text(findings: FeatureFindings) -> str:
    if findings.dropped:
        return f"dropped: {findings.dropped.replace('_', ' ')} in the training rows"
    fitted = findings.feature
    gap = " + a missing flag" if isinstance(fitted, NumberFeature | DatetimeFeature) and fitted.indicator else ""
    if isinstance(fitted, NumberFeature):
        if findings.column.sensitive or fitted.kind is Kind.BOOLEAN:
            return "scaled" + gap
        sign = "+" if fitted.center < 0 else "-"
        return f"(x {sign} {abs(fitted.center):.4g}) / {fitted.scale:.4g}, missing is {fitted.fill:.4g}" + gap
    if isinstance(fitted, DatetimeFeature):
        return ", ".join(part.value.replace("_", " ") for part in fitted.parts) + gap
    if isinstance(fitted, CategoryFeature):
        return f"{fitted.encoding} of {fitted.size} codes"
    return ""


def _positive(prepared: Prepared) -> str:
    return list(next(iter(prepared.balance.values())))[-1]
