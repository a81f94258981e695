"""What a person should know of a proposed plan, the most important first: leaks, questions, unread values, split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sevenfold.contracts.schema import Kind, Role, Task
from sevenfold.design.document import Findings
from sevenfold.design.look_alikes import merge_command, merged_file
from sevenfold.design.outliers import far_remark
from sevenfold.design.typed_column import TypedColumn
from sevenfold.design.written_moments import FORMAT_WORDS
from sevenfold.report.format_value import format_share
from sevenfold.report.quantity import quantity
from sevenfold.tables.field_style import FieldStyle

__all__ = ["Notice", "notices"]

MAX_NAMES = 6
MAX_CLASSES = 4
MAX_EACH = 3  # columns of a sort that have a notice each
MAX_SHOWN = 24  # characters of a name or a value


@dataclass(frozen=True)
class Notice:
    """One thing to know.

    `level` is ``warning`` for what may spoil a model, ``question`` for what only a person can say, ``info`` for the
    rest. `subject` is one of a few words: leak, question, unread, rare class, outliers, merge, sensitive, left out,
    read as, duplicates, split, moments, target. `settled` says that the plan sees to it: a leak is left out, a
    sensitive value is not shown. `command` is what the text ends with, to be run as it stands.
    """

    level: Literal["warning", "question", "info"]
    subject: str
    text: str
    settled: bool = False
    command: str = ""


def notices(findings: Findings, paths: Sequence[str] = (), recipe: str = "") -> list[Notice]:
    """Return what a person should know, the most important first; values of sensitive columns are not among it.

    `paths` are those of the table's files and `recipe` that of its recipe, for commands that are to run here; without
    them a command has the table's name.
    """
    return [
        *_leaks(findings),
        *_questions(findings),
        *_unread(findings),
        *_rare_classes(findings),
        *_far(findings),
        *_merges(findings, paths, recipe),
        *_sensitive(findings),
        *_left_out(findings),
        *_read_as(findings),
        *_duplicates(findings),
        _split(findings),
        *_parts(findings),
        _target(findings),
    ]


def _leaks(findings: Findings) -> Iterator[Notice]:
    left: dict[str, list[str]] = {}
    for name, proposed in findings.roles.items():
        if proposed.leak and proposed.role is Role.FEATURE:  # by a person's plan alone
            yield Notice("warning", "leak", f"{_short(name)}: {proposed.why} It is a feature all the same.")
        elif proposed.leak:
            left.setdefault(proposed.why, []).append(name)
    for why, names in list(left.items())[:MAX_EACH]:
        them = "It is" if len(names) == 1 else "They are"
        yield Notice("warning", "leak", f"{_listed(names)}: {why} {them} left out.", settled=True)
    if rest := [name for names in list(left.values())[MAX_EACH:] for name in names]:
        text = f"left out as they give the target away too: {_listed(rest)}."
        yield Notice("warning", "leak", text, settled=True)


def _questions(findings: Findings) -> Iterator[Notice]:
    asked = [column for column in findings.table.columns.values() if column.guess.question]
    for column in asked[:MAX_EACH]:
        yield Notice("question", "question", f"{_short(column.name)}: {column.guess.question}{_odd(findings, column)}")
    if len(asked) > MAX_EACH:
        yield Notice("question", "question", f"in the plan: {_listed([column.name for column in asked[MAX_EACH:]])}.")


def _odd(findings: Findings, column: TypedColumn) -> str:
    if not column.odd or findings.profile.columns[column.name].sensitive:
        return ""
    return f" Such as {_quoted(column.odd)}."


def _unread(findings: Findings) -> Iterator[Notice]:
    for code, count in findings.table.refused_by.items():
        many = quantity(count, "row has", "rows have")
        yield Notice("warning", "unread", f"{many} {_REFUSED[code]}; left out.")
    if repeated := findings.table.repeated_headers:
        many = f"{repeated:,} times" if repeated > 1 else "once"
        yield Notice("info", "unread", f"The header is repeated {many} among the rows; those lines are no rows.")
    columns = [
        column
        for name, column in findings.table.columns.items()
        if column.bad and (name == findings.target.name or findings.roles[name].role not in _UNUSED)
    ]
    for column in columns[:MAX_EACH]:
        shown = "" if findings.profile.columns[column.name].sensitive else f", such as {_quoted(_samples(column))}"
        many = quantity(column.bad, "value is", "values are")
        rows = "Their rows are" if column.bad > 1 else "Its row is"
        text = f"{_short(column.name)}: {many} no {_KINDS[column.kind]}{shown}. {rows} left out."
        yield Notice("warning", "unread", text)
    if len(columns) > MAX_EACH:
        text = f"values of {_listed([column.name for column in columns[MAX_EACH:]])} too; see the plan."
        yield Notice("warning", "unread", text)


def _rare_classes(findings: Findings) -> Iterator[Notice]:
    if findings.target.proposal.rare:
        yield Notice("warning", "rare class", findings.target.proposal.remark())


def _far(findings: Findings) -> Iterator[Notice]:
    for name, far in list(findings.far.items())[:MAX_EACH]:
        yield Notice("warning", "outliers", f"{_short(name)}: {far_remark(far)}")
    if len(findings.far) > MAX_EACH:
        yield Notice("warning", "outliers", f"in {_listed(list(findings.far)[MAX_EACH:])} too; see the plan.")


def _merges(findings: Findings, paths: Sequence[str], recipe: str) -> Iterator[Notice]:
    """Yield the categories in which values look like one; of the rest of the columns only the names."""
    alike = {
        name: facts.alike
        for name, facts in findings.profile.columns.items()
        if facts.alike and (name == findings.target.name or name in findings.features)
    }
    behind = ""  # the file that the command before writes: this one's merge goes behind it
    for name, (first, *others) in list(alike.items())[:MAX_EACH]:
        values = _quoted(first.named[:MAX_CLASSES])
        unnamed = first.values - len(first.named[:MAX_CLASSES])
        shown = f"{values} and {unnamed} more" if values and unnamed else values or f"{unnamed} rare values"
        more = f", and so do values of {len(others)} more group{'s' * (len(others) > 1)}" if others else ""
        text = f"{_short(name)}: {shown} look like one{more}."
        if findings.table.files > 1:
            yield Notice("question", "merge", f"{text} To merge them, write the files as one and start from that.")
            continue
        command = merge_command(findings.table, name, paths[0] if len(paths) == 1 else "", recipe, behind)
        again = f", behind the merge above that writes {behind}" if behind else ""
        yield Notice("question", "merge", f"{text} Merge them{again}: {command}", command=command)
        behind = merged_file(findings.table)
    if len(alike) > MAX_EACH:
        text = f"values of {_listed(list(alike)[MAX_EACH:])} look like one, too."
        yield Notice("question", "merge", text)


def _sensitive(findings: Findings) -> Iterator[Notice]:
    hidden = [name for name, facts in findings.profile.columns.items() if facts.sensitive]
    if hidden:
        yield Notice("warning", "sensitive", f"{_listed(hidden)}: values are never shown.", settled=True)


def _left_out(findings: Findings) -> Iterator[Notice]:
    identifiers = [name for name, proposed in findings.roles.items() if proposed.role is Role.IDENTIFIER]
    ignored = [
        name
        for name, proposed in findings.roles.items()
        if proposed.role is Role.IGNORE
        and not (
            proposed.leak or findings.table.columns[name].guess.question or findings.profile.columns[name].sensitive
        )
    ]
    if identifiers:
        yield Notice(
            "info", "left out", f"{_listed(identifiers)}: {'they name' if len(identifiers) > 1 else 'names'} rows."
        )
    if ignored:
        yield Notice("info", "left out", f"{_listed(ignored)}: of no use to a model; the plan says why.")


def _read_as(findings: Findings) -> Iterator[Notice]:
    table = findings.table
    with_symbols = [column for column in table.columns.values() if column.guess.symbols]
    for column in with_symbols[:MAX_EACH]:
        yield Notice("info", "read as", f"{_short(column.name)}: numbers, without their {column.guess.symbols[0]}.")
    yield from _moments(findings)
    if "inf" in table.notation.missing:
        text = "Infinite numbers mean missing values: there are too many to leave their rows out."
        yield Notice("warning", "read as", text, settled=True)
    signs = [f"decimal: {table.notation.decimal!r}"] if table.notation.decimal != "." else []
    signs += [f"thousands: {table.notation.thousands!r}"] if table.notation.thousands else []
    tokens = [token for token in table.notation.missing if token]
    signs += [f"missing: {', '.join(map(repr, tokens[:MAX_NAMES]))}"] if tokens else []
    if table.dialect.format == "csv":
        usual = FieldStyle(table.dialect.delimiter)
        signs += [f"{key}: {value!r}" for key, value in table.dialect.style.changed_from(usual).items()]
        signs += [f"encoding: {table.dialect.encoding}"] if table.dialect.encoding != "utf-8" else []
    if signs:
        yield Notice("info", "read as", "; ".join(signs))


def _moments(findings: Findings) -> Iterator[Notice]:
    """Yield the columns of moments that could have been numbers or texts."""
    written: dict[str, list[str]] = {}
    for column in findings.table.columns.values():
        if column.kind is Kind.DATETIME and column.guess.date_format in FORMAT_WORDS:
            written.setdefault(FORMAT_WORDS[column.guess.date_format], []).append(column.name)
    for words, names in written.items():
        yield Notice("info", "read as", f"{_listed(names)}: {words}.")


def _duplicates(findings: Findings) -> Iterator[Notice]:
    copies = findings.duplicates
    if copies is None or not copies.copies:
        return
    near = f" and {copies.near:,} nearly so" if copies.near else ""
    rows = quantity(copies.exact, "row repeats", "rows repeat")
    text = f"{rows} another one in all features and the target{near}."
    kept = "Copies stay on one side of the split." if findings.split is None else "Time decides on the side of copies."
    yield Notice("warning", "duplicates", f"{text} {kept}")


def _split(findings: Findings) -> Notice:
    if findings.split is None:
        text = "at random, with equal shares of the target: no column orders the rows in time."
        if findings.unordered:
            text += f" They are not in the order of {_listed(findings.unordered)};"
            text += " write by: time and the column to split by it."
        return Notice("info", "split", text)
    return Notice("info", "split", f"by {_short(findings.split.column)}: the oldest rows train, the newest test.")


def _parts(findings: Findings) -> Iterator[Notice]:
    seen = [
        f"{', '.join(part.value.replace('_', ' ') for part in parts)} of {_short(name)}"
        + (f" in {findings.zones.get(name, 'UTC')}" if findings.zones else "")
        for name, parts in findings.parts.items()
    ]
    if seen:
        more = f" and those of {quantity(len(seen) - MAX_EACH, 'more column')}" if len(seen) > MAX_EACH else ""
        yield Notice(
            "info",
            "moments",
            f"the model sees {'; '.join(seen[:MAX_EACH])}{more}{'' if findings.zones else ', in UTC'}.",
        )


def _target(findings: Findings) -> Notice:
    target, hidden = findings.target, findings.profile.columns[findings.target.name].sensitive
    text = f"{_short(target.name)}: {target.task.value}"
    if target.task is not Task.REGRESSION and not hidden:
        rows = sum(count for _, count in target.classes)
        shown = ", ".join(
            f"{_short(label)} {format_share(count / rows)}" for label, count in target.classes[:MAX_CLASSES]
        )
        more = len(target.classes) - MAX_CLASSES
        text += f" ({shown}{f' and {more} more' if more > 0 else ''})"
    unlabelled = findings.usable.unlabelled
    left_out = quantity(unlabelled, "row without it is", "rows without it are")
    lost = f"; {left_out} left out" if unlabelled else ""
    return Notice("info", "target", f"{text}, from {quantity(len(findings.features), 'feature')}{lost}.")


_UNUSED = (Role.IGNORE, Role.IDENTIFIER)
_REFUSED = {
    "ragged_row": "too few or too many fields",
    "stray_quote": "a quote in the middle of a field",
    "encoding": "bytes that are no text in the file's encoding",
}
_KINDS = {
    Kind.NUMBER: "number",
    Kind.INTEGER: "whole number",
    Kind.BOOLEAN: "true or false",
    Kind.CATEGORY: "text",
    Kind.DATETIME: "date",
}


def _samples(column: TypedColumn) -> list[str]:
    return column.faults["text"].unique(maintain_order=True).head(3).to_list()


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join(repr(_short(str(text))) for text in texts)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(map(_short, names[:MAX_NAMES])) + more


def _short(text: str) -> str:
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return clean if len(clean) <= MAX_SHOWN else clean[: MAX_SHOWN - 1] + "…"
