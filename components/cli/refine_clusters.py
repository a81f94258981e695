"""Show the clusters of a column, ask which ones to merge, and write those as a history."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import typer

from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.errors import DataError
from sevenfold.refine.clustering.accepted import Accepted, history_of, overlapping
from sevenfold.refine.clustering.clusters import Cluster, counted
from sevenfold.refine.clustering.methods import Method, clusters_of, method_of
from sevenfold.refine.columns import Column
from sevenfold.refine.history import History, read_history
from sevenfold.refine.replay import replay
from sevenfold.refine.report import without_sensitive
from sevenfold.refine.table import Table
from sevenfold.report.quantity import quantity

__all__ = ["refine_clusters"]

SHOWN: Final = 50  # clusters where nobody is asked
MEMBERS: Final = 12  # texts of a cluster
LENGTH: Final = 60  # characters of a text
_NUMBERS: Final = re.compile(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?")


def refine_clusters(
    table: Table,
    path: Path,
    name: str,
    method: str,
    settings: Mapping[str, float | None],
    *,
    out: Path | None,
    accept: str | None,
    hidden: Collection[str],
    before: Path | None = None,
    openrefine: Path | None = None,
    options: Sequence[str] = (),
) -> None:
    """Show the clusters of a column and write the accepted ones to `out`, behind the steps of `before`.

    `openrefine` is the folder of OpenRefine, for a method that it answers itself; `options` are those of the command
    line that say how the table at `path` is written.

    Raises:
        MissingExtraError: without JPype, for a method that OpenRefine answers.
        DataError: ``refine_column``, ``sensitive``, ``cluster_method``, ``cluster_setting``, ``cluster_accept``,
            ``refine_out``, ``openrefine_folder``, ``openrefine_java``, ``openrefine_keyer``.
    """
    how = method_of(method, openrefine, **settings)
    known = read_history(before) if before is not None else History(())
    if len(known):
        table, hidden = _replayed(table, known, hidden)
    column = _column(table, name, hidden)
    asking = accept is None and out is not None
    _check(out, accept, before, asking=asking)
    clusters = _found(column, how)
    if not clusters:
        typer.echo(f"{name}: no values look like one by {how.name}.")
        return
    typer.echo(f"{name}: {quantity(len(clusters), 'cluster')} by {how.name}, the largest first.")
    if not asking:
        _show(clusters)
    if out is None:
        typer.echo("Merge them: add --out history.json.")
        return
    accepted = _asked(clusters) if accept is None else _taken(clusters, accept)
    if not accepted:
        typer.echo("Nothing is merged and nothing written.")
        return
    merged = json.dumps(history_of(name, accepted, known.operations), ensure_ascii=False, indent=2)
    write_whole(out, (merged + "\n").encode())
    cells = sum(each.cluster.cells for each in accepted)
    typer.echo(f"{quantity(len(accepted), 'cluster')} of {quantity(cells, 'cell')}: {out}")
    command = shlex.join(["sevenfold", "refine", str(path), str(out), "--out", "clean.csv", *options])
    typer.echo(f"Replay it, or apply it in OpenRefine (Undo / Redo, Apply):\n  {command}")


def _replayed(table: Table, history: History, hidden: Collection[str]) -> tuple[Table, set[str]]:
    """Return the table after a history, and its columns whose values are not shown: those made of others, too."""
    table, changes = replay(table, history)
    known = set(hidden)
    for change, touched in without_sensitive(changes, hidden):
        known |= {*change.added, *change.changed} if touched else set()
    return table, known


def _column(table: Table, name: str, hidden: Collection[str]) -> Column:
    if not table.has(name):
        close = get_close_matches(name, table.names, n=1)
        remedy = f"Perhaps {close[0]!r} is meant." if close else f"There are {', '.join(map(repr, table.names[:20]))}."
        raise DataError("refine_column", f"--cluster must name a column, but {name!r} is none.", remedy=remedy)
    if name in hidden:
        raise DataError(
            "sensitive",
            f"Clusters show values, but column {name!r} seems to be about a person, or was named with --sensitive.",
            remedy="Add --show-sensitive where its values may be seen here.",
        )
    return table.column(name)


def _check(out: Path | None, accept: str | None, before: Path | None, *, asking: bool) -> None:
    """Refuse options that cannot be followed, before clusters are looked for; and to lose another history."""
    if out is not None and out.suffix.lower() != ".json":
        raise DataError("refine_out", f"A history is a .json file, but --out is {out}.", remedy="Name it history.json.")
    if out is not None and out.exists() and not (before is not None and out.samefile(before)):
        raise DataError(
            "refine_out",
            f"A history that is there is not replaced, but {out} exists.",
            remedy=f"Name {out} before --cluster to write the merge behind its steps, or choose another --out.",
        )
    if accept is not None and out is None:
        raise _no_answer("--accept needs a file to write to", "Add --out history.json.")
    if asking and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise _no_answer(
            "Which clusters to merge is asked in a terminal, and there is none", "Add --accept all, or numbers."
        )


def _no_answer(rule: str, remedy: str) -> DataError:
    return DataError("cluster_accept", f"{rule}.", remedy=remedy)


def _found(column: Column, how: Method) -> list[Cluster]:
    counts = counted(column)
    if not (how.neighbours or how.by_openrefine):
        return clusters_of(counts, how)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Comparing {quantity(len(counts), 'value')}", total=None)
        return clusters_of(counts, how, lambda done, total: bar.update(task, completed=done, total=total))


def _show(clusters: Sequence[Cluster]) -> None:
    for number, cluster in enumerate(clusters[:SHOWN], 1):
        typer.echo(_lines(number, cluster))
    if len(clusters) > SHOWN:
        typer.echo(f"and {len(clusters) - SHOWN:,} more")


def _lines(number: int, cluster: Cluster) -> str:
    pairs = list(zip(cluster.counts, cluster.texts, strict=True))
    lines = [
        f"{number:>4}  {_text(cluster.value)}: {quantity(len(pairs), 'value')} in {quantity(cluster.cells, 'cell')}"
    ]
    lines += [f"{count:>12,}  {_text(text)}" for count, text in pairs[:MEMBERS]]
    return "\n".join(lines + ([f"{'':>14}and {len(pairs) - MEMBERS} more"] if len(pairs) > MEMBERS else []))


def _text(text: str) -> str:
    """Return a text in quotes, with what cannot be seen written out."""
    return repr(text[:LENGTH] + ("…" if len(text) > LENGTH else ""))


def _taken(clusters: Sequence[Cluster], accept: str) -> list[Accepted]:
    """Return the clusters that --accept names; of all, those that share no text with one before them."""
    answer = accept.strip().lower()
    if answer == "none":
        return []
    accepted: list[Accepted] = []
    left_out = 0
    for number in range(1, len(clusters) + 1) if answer == "all" else _numbers(answer, len(clusters)):
        cluster = clusters[number - 1]
        shared = overlapping(accepted, cluster)
        if shared is None:
            accepted.append(Accepted(cluster, cluster.value))
        elif answer == "all":
            left_out += 1
        else:
            raise _no_answer(
                f"A value is merged once, but {_text(shared)} is in cluster {number} and in one before it",
                "Accept one of them.",
            )
    if left_out:
        sharing = quantity(left_out, "cluster is left out: it shares", "clusters are left out: they share")
        typer.echo(f"{sharing} a value with an earlier one.")
    return accepted


def _numbers(answer: str, count: int) -> list[int]:
    """Return the numbers that an answer such as 1,3-5 lists, each once, ascending."""
    numbers: set[int] = set()
    for part in answer.split(","):
        found = _NUMBERS.fullmatch(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= first <= last <= count:
            raise _no_answer(
                f"--accept must be all, none, or numbers from 1 to {count}, but got {answer[:80]!r}", "Correct it."
            )
        numbers.update(range(first, last + 1))
    return sorted(numbers)


def _asked(clusters: Sequence[Cluster]) -> list[Accepted]:
    """Return the clusters that a person accepts, each with the value that is chosen.

    Those that share a text with an accepted one are passed over.
    """
    accepted: list[Accepted] = []
    for number, cluster in enumerate(clusters, 1):
        if overlapping(accepted, cluster) is not None:
            continue
        typer.echo(_lines(number, cluster))
        value = _answer(cluster)
        if value is _STOP:
            break
        if isinstance(value, str):
            accepted.append(Accepted(cluster, value))
    return accepted


_STOP: Final = object()


def _answer(cluster: Cluster) -> object:
    """Return the value to merge into, None for no, or `_STOP`."""
    while True:
        answer = typer.prompt(
            f"Merge into {_text(cluster.value)}? yes, no, stop, or another value in quotes", default="no"
        ).strip()
        word = answer.lower()
        if word in ("y", "yes"):
            return cluster.value
        if word in ("n", "no"):
            return None
        if word in ("s", "stop"):
            return _STOP
        if len(answer) > 2 and answer[0] == answer[-1] and answer[0] in "'\"":
            return answer[1:-1]
        typer.echo(f"The answer must be yes, no, stop, or a value in quotes, but got {answer[:LENGTH]}.")
