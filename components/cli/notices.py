"""Notices as lines of a console: a mark, a subject, a text that keeps clear of them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sevenfold.design.notices import Notice

__all__ = ["notice_lines"]

COLUMNS: Final = 99
INDENT: Final = 12  # of the texts
MAX_LINES: Final = 15
MARKS: Final = {"warning": "[yellow]![/]", "question": "[cyan]?[/]", "info": "[dim]·[/]"}


def notice_lines(notices: Sequence[Notice]) -> list[str]:
    """Return notices as rich markup, at most 15 lines of less than 100 columns; the last two notices always stay.

    A command is a line of its own, however long. Where the lines are too many, those before the last two notices give
    way and a line says how many did.
    """
    blocks = [_block(notice) for notice in notices]
    first, last = blocks[:-2], blocks[-2:]
    room = MAX_LINES - sum(map(len, last))
    shown = first
    if sum(map(len, first)) > room:
        shown = []
        while first and sum(map(len, shown)) + len(first[len(shown)]) < room:
            shown.append(first[len(shown)])
        more = len(first) - len(shown)
        last = [[f"{' ' * INDENT}[dim]{more} more: see the remarks in the plan.[/]"], *last]
    return [line for block in (*shown, *last) for line in block]


def _block(notice: Notice) -> list[str]:
    from rich.markup import escape

    text, subject = notice.text.removesuffix(notice.command), f"{notice.subject:<{INDENT - 3}} "
    wider = " " * (len(subject) - (INDENT - 2))
    texts = textwrap.wrap(text, COLUMNS - INDENT, initial_indent=wider, break_on_hyphens=False) or [""]
    if notice.command:  # in one line, however long: what is broken cannot be pasted
        texts.append(notice.command)
    first, *more = map(escape, texts)
    return [f"{MARKS[notice.level]} {subject}{first.removeprefix(wider)}", *(" " * INDENT + line for line in more)]
