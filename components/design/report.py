"""The report of the design stage: what the table holds, drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sevenfold.contracts.schema import Kind, Role, Task
from sevenfold.design.column_text import figure, moment
from sevenfold.design.notices import Notice
from sevenfold.design.profile import ColumnProfile, Profile
from sevenfold.report import Block, Chart, Fact, Facts, Finding, Findings, Report, Table
from sevenfold.report.charts import bars, histogram
from sevenfold.report.format_value import format_share
from sevenfold.report.quantity import quantity

if TYPE_CHECKING:
    from sevenfold.plan.data import DataSection

__all__ = ["design_report"]

MAX_CHARTS: Final = 24
MAX_MISSING: Final = 30
MANY_MISSING: Final = 0.5
MUCH_MISSING: Final = 0.05
HEIGHT: Final = 120
MAX_BARS: Final = 8
SMALL_SHARE: Final = 0.05
FIRST: Final = ("leak", "question", "unread")  # subjects of notices


def design_report(profile: Profile, data: DataSection, notebook: str, notices: Sequence[Notice] = ()) -> Report:
    """Return the profile as a report: counts of sensitive columns only, values of none.

    Args:
        profile: what the table holds, profiled with `data`.
        data: the plan's section about it.
        notebook: name of the notebook that ran.
        notices: what a person should know of the table, as `init` says it; the most important first.
    """
    features = [name for name, column in data.columns.items() if column.is_feature and name in profile.columns]
    blocks: list[Block] = [_facts(profile, data, len(features))]
    findings = tuple(_findings(profile, data, features, notices))
    if findings:
        blocks.append(Findings(findings=findings))
    blocks += [*_target(profile, data), *_missing(profile, features)]
    # neighbours of one height: all histograms first
    drawn = sorted(features[:MAX_CHARTS], key=lambda name: not profile.columns[name].edges)
    blocks += [chart for name in drawn for chart in _spread(profile.columns[name], data)]
    blocks.append(_table(profile, data))
    return Report(
        stage="design",
        title="Design: explore the data",
        headline=(
            f"{quantity(profile.rows, 'row')} and {quantity(len(profile.columns), 'column')}, "
            f"{len(features)} of them features, to predict "
            f"{data.target!r}; {profile.missing:.1%} of the cells are missing. {notebook} ran."
        ),
        level="warning" if any(finding.level in ("warning", "bad") for finding in findings) else "good",
        blocks=tuple(blocks),
    )


def _facts(profile: Profile, data: DataSection, features: int) -> Facts:
    target = profile.columns.get(data.target)
    unlabelled = target.missing + target.bad if target is not None else 0
    return Facts(
        facts=(
            Fact(label="rows", value=profile.rows),
            Fact(label="features", value=features, hint=f"of {quantity(len(profile.columns), 'column')}"),
            Fact(label="missing cells", value=f"{profile.missing:.1%}"),
            Fact(label="without a target", value=f"{unlabelled / profile.rows:.1%}", hint=quantity(unlabelled, "row")),
            Fact(label="size", value=round(profile.bytes / 1e6, 1), unit="MB"),
        )
    )


def _findings(
    profile: Profile, data: DataSection, features: Sequence[str], notices: Sequence[Notice]
) -> Iterator[Finding]:
    """Yield what may spoil a model, then what is missing from the table, then the rest."""
    absent = [name for name, column in data.columns.items() if name not in profile.columns and column.is_feature]
    if absent:
        yield Finding(level="bad", text=f"The table lacks columns of the plan: {', '.join(absent[:8])}.")
    yield from (_noted(notice) for notice in notices if notice.subject in FIRST)
    if not profile.complete:
        yield Finding(level="warning", text=f"The table is large: only its first {profile.rows:,} rows were looked at.")
    if not notices:
        yield from _unread(profile, features)
    for name in features:
        facts = profile.columns[name]
        if facts.present == 0 or facts.constant:
            yield Finding(level="warning", text=f"{name}: all rows are alike, so it carries no information.")
        elif facts.missing > MANY_MISSING * facts.rows:
            yield Finding(
                level="warning", text=f"{name}: missing in {format_share(facts.missing / facts.rows)} of the rows."
            )
    yield from (_noted(notice) for notice in notices if notice.subject not in FIRST)


def _noted(notice: Notice) -> Finding:
    serious = notice.level == "warning" and not notice.settled
    return Finding(level="warning" if serious else "info", text=f"{notice.subject}: {notice.text}")


def _unread(profile: Profile, features: Sequence[str]) -> Iterator[Finding]:
    """Yield what notices would say, for a table whose target cannot be predicted and which has none."""
    if profile.repeated_headers:
        yield Finding(
            level="warning",
            text=f"The header is repeated {quantity(profile.repeated_headers, 'time')} among the rows; "
            "those lines are no rows.",
        )
    if profile.refused:
        yield Finding(
            level="warning",
            text=f"{quantity(profile.refused, 'record has', 'records have')} too few or too many fields, a stray quote "
            "or bad bytes.",
        )
    for name in features:
        facts = profile.columns[name]
        if facts.bad:
            yield Finding(
                level="warning", text=f"{name}: {quantity(facts.bad, 'value is', 'values are')} no {facts.kind.value}."
            )
    hidden = sorted(name for name, facts in profile.columns.items() if facts.sensitive)
    if hidden:
        yield Finding(level="info", text=f"Values of sensitive columns are not shown: {', '.join(hidden[:12])}.")


def _target(profile: Profile, data: DataSection) -> Iterator[Chart]:
    facts = profile.columns.get(data.target)
    if facts is None or facts.sensitive:
        return
    title = f"Target: {data.target}"
    if data.task is Task.REGRESSION or not facts.top:
        yield from _histogram(facts, title, "", "")
        return
    rows = [{"class": name, "share": count / max(1, facts.present)} for name, count in facts.top]
    yield bars(title, rows, "class", "share", percent=True, value_title="share of the rows with a target")


def _missing(profile: Profile, features: Sequence[str]) -> Iterator[Chart]:
    shares = [(profile.columns[name].missing / profile.rows, name) for name in features]
    worst = sorted(((share, name) for share, name in shares if share > 0), key=lambda row: (-row[0], row[1]))
    if worst:
        rows = [{"column": name, "share": share} for share, name in worst[:MAX_MISSING]]
        yield bars(
            "Missing values",
            rows,
            "column",
            "share",
            percent=True,
            value_title="share of the rows",
            caption=f"{len(worst)} of {len(features)} features have missing values.",
        )


def _spread(facts: ColumnProfile, data: DataSection) -> Iterator[Chart]:
    unit, form = data.columns[facts.name].unit, data.columns[facts.name].date_format
    if facts.sensitive or facts.present == 0:
        return
    if facts.kind in (Kind.NUMBER, Kind.INTEGER, Kind.DATETIME):
        yield from _histogram(facts, facts.name, unit, form)
    elif facts.top:
        top = facts.top[:MAX_BARS]
        shares = top[0][1] >= SMALL_SHARE * facts.present  # smaller ones are compared by their rows
        rows = [{"value": name, "rows": count / facts.present if shares else count} for name, count in top]
        others = facts.distinct - len(top)
        caption = f"The most frequent of {facts.distinct:,} values." if others > 0 else ""
        what = "share" if shares else "rows"
        yield bars(facts.name, rows, "value", "rows", percent=shares, value_title=what, caption=caption)


def _histogram(facts: ColumnProfile, title: str, unit: str, date_format: str) -> Iterator[Chart]:
    if len(facts.edges) < 2:
        return
    edges: Sequence[Any] = facts.edges
    shown: Callable[[float], str] = figure
    if facts.kind is Kind.DATETIME:
        edges = [np.datetime64(int(edge), "us").item() for edge in facts.edges]
        shown = partial(moment, date_format=date_format)
    caption = ""
    if facts.low is not None and facts.high is not None and not _covers(facts):
        caption = f"From {shown(facts.low)} to {shown(facts.high)}; what lies beyond the axis is in the outer bars."
    yield histogram(title, edges, {"": facts.counts}, x_title=unit, height=HEIGHT, caption=caption)


def _covers(facts: ColumnProfile) -> bool:
    low, high = facts.low or 0.0, facts.high or 0.0
    return facts.edges[0] <= low and high <= facts.edges[-1]


def _table(profile: Profile, data: DataSection) -> Table:
    rows, levels = [], []
    for name, facts in profile.columns.items():
        column = data.columns.get(name)
        role = column.role if column is not None else Role.IGNORE
        form = column.date_format if column is not None else ""
        shown: Callable[[float], str] = partial(moment, date_format=form) if facts.kind is Kind.DATETIME else figure
        ends = f"{shown(facts.low)} … {shown(facts.high)}" if facts.low is not None and facts.high is not None else ""
        middle = shown(facts.quantiles[len(facts.quantiles) // 2]) if facts.quantiles else ""
        frequent = ", ".join(label for label, _ in facts.top[:3])
        share = facts.missing / facts.rows
        rows.append(
            (
                name,
                facts.kind.value,
                role.value,
                f"{share:.1%}",
                facts.distinct,
                middle,
                ends or frequent or "not shown",
            )
        )
        levels.append("warning" if share > MUCH_MISSING and column is not None and column.is_feature else None)
    return Table(
        title="Columns",
        columns=("column", "kind", "role", "missing", "different", "median", "range, or most frequent"),
        rows=tuple(rows),
        levels=tuple(levels),
        caption=f"Values seen fewer than ten times are not named. Marked: missing in more than {MUCH_MISSING:.0%}.",
    )
