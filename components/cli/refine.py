"""The command that replays what was recorded in OpenRefine on a table, or finds what to merge in a column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from sevenfold.refine.table import Table

__all__ = ["add_refine_command"]


_SIGNS: Final = {";": "semicolons", "\t": "tabulators", "|": "vertical bars"}


def add_refine_command(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(refine)


def refine(
    context: typer.Context,
    table: Annotated[Path, typer.Argument(help="CSV or Parquet table.", metavar="TABLE", show_default=False)],
    history: Annotated[
        Path | None,
        typer.Argument(help="History extracted from OpenRefine, as JSON.", metavar="HISTORY", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File to write: .csv or .parquet; with --cluster a history as .json."),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="HTML file to write a report to; by default none.")] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(
            help="Character between the fields of a CSV; tab for a tabulator. By default it is found in the file, as "
            "init finds it: , ; | or a tabulator.",
            show_default=False,
        ),
    ] = None,
    encoding: Annotated[str, typer.Option(help="Encoding of a CSV, such as cp1252.")] = "utf-8",
    decimal: Annotated[
        str, typer.Option(help="Sign before the decimals of numbers that steps made, in a CSV: . or , .")
    ] = ".",
    sensitive: Annotated[
        list[str] | None,
        typer.Option(help="Column whose values are never shown, besides those that seem to be about a person."),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Show values of this column that look like one.")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="How to find them: fingerprint (by default), ngram-fingerprint, cologne-phonetic, daitch-mokotoff, "
            "metaphone3 or beider-morse (both need --openrefine), levenshtein or ppm.",
            show_default=False,
        ),
    ] = None,
    ngram_size: Annotated[int | None, typer.Option(help="Letters of a run, for ngram-fingerprint: 2.")] = None,
    radius: Annotated[float | None, typer.Option(help="Largest distance, for levenshtein and ppm: 1.")] = None,
    block_size: Annotated[
        int | None, typer.Option(help="Letters in a row that texts share, for levenshtein and ppm: 6.")
    ] = None,
    openrefine: Annotated[
        Path | None,
        typer.Option(
            envvar="OPENREFINE_HOME",
            metavar="FOLDER",
            help="OpenRefine, unpacked, or its jars: it answers metaphone3 and beider-morse itself, in Java.",
        ),
    ] = None,
    accept: Annotated[
        str | None,
        typer.Option(help="Clusters to merge: all, none, or numbers as in 1,3-5. Asked for in a terminal."),
    ] = None,
    show_sensitive: Annotated[
        bool, typer.Option("--show-sensitive", help="Show values of a column that seems to be about a person.")
    ] = False,
) -> None:
    """Replay a history that was recorded in OpenRefine on a table, without OpenRefine.

    With --cluster, show values of a column that look like one, as OpenRefine clusters them, and write those that are
    accepted as a history. A HISTORY is replayed first, and the merge is written behind its steps.

    Exit status: 0 done; 2 the history or a step of it is refused.

    Example: `sevenfold refine houses.csv history.json --out clean.csv`, or
    `sevenfold refine houses.csv --cluster city --out history.json`
    """
    from sevenfold.refine.keyers import OPENREFINE_KEYERS

    settings = {"ngram_size": ngram_size, "radius": radius, "block_size": block_size}
    if method not in OPENREFINE_KEYERS and _given(context, "openrefine"):
        raise typer.BadParameter(f"--openrefine needs --method {' or '.join(OPENREFINE_KEYERS)}.")
    if cluster is not None:
        from sevenfold.cli.refine_clusters import refine_clusters

        if report is not None or decimal != ".":
            raise typer.BadParameter("--cluster takes no --report and no --decimal.")
        delimiter = _delimiter(table, delimiter, encoding)
        read = _read(table, delimiter, encoding)
        hidden = set() if show_sensitive else _hidden(read, sensitive)
        kind = method or "fingerprint"
        options = [*(("--delimiter", "tab" if delimiter == "\t" else delimiter) if delimiter != "," else ())]
        options += [*(("--encoding", encoding) if encoding != "utf-8" else ())]
        refine_clusters(
            read,
            table,
            cluster,
            kind,
            settings,
            out=out,
            accept=accept,
            hidden=hidden,
            before=history,
            openrefine=openrefine,
            options=options,
        )
        return
    if method or accept or show_sensitive or any(value is not None for value in settings.values()):
        raise typer.BadParameter("--method and its settings, --accept and --show-sensitive need --cluster.")
    if history is None:
        raise typer.BadParameter("Missing argument 'HISTORY', or --cluster.")
    if out is None:
        raise typer.BadParameter("Missing option '--out' / '-o'.")
    if decimal not in (".", ",") or (decimal != "." and out.suffix.lower() == ".parquet"):
        raise typer.BadParameter(f"--decimal must be . or , and is for a CSV, but got {decimal!r} for {out.name}.")
    _replay(table, history, out, report, delimiter, encoding, decimal, sensitive)


def _given(context: typer.Context, name: str) -> bool:
    """Return whether an option stands on the command line, not only in the environment."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _read(table: Path, delimiter: str, encoding: str) -> Table:
    from sevenfold.refine.whole_table import read_table
    from sevenfold.runtime.recognise import require_kind

    require_kind(table, "table", "TABLE")
    return read_table(table, delimiter, encoding)


def _delimiter(table: Path, delimiter: str | None, encoding: str) -> str:
    """Return the delimiter that is given, or the one that the file has, and say so where it is no comma."""
    from sevenfold.refine.import_csv import is_parquet
    from sevenfold.runtime.recognise import require_kind
    from sevenfold.tables.dialect import find_style, head_text

    if delimiter is not None:
        return "\t" if delimiter == "tab" else delimiter
    require_kind(table, "table", "TABLE")
    if not table.is_file() or is_parquet(table):
        return ","
    found = find_style(head_text(table, encoding)).delimiter
    if found != ",":
        typer.echo(f"{table.name}: fields are separated by {_SIGNS[found]}; --delimiter sets another.")
    return found


def _hidden(read: Table, sensitive: list[str] | None) -> set[str]:
    """Return the columns whose values are not shown."""
    from sevenfold.design.sensitive import sensitive_columns

    return {*(sensitive or ()), *sensitive_columns({each.name: each.cells() for each in read.columns})}


def _replay(
    table: Path,
    history: Path,
    out: Path,
    report: Path | None,
    delimiter: str | None,
    encoding: str,
    decimal: str,
    sensitive: list[str] | None,
) -> None:
    from sevenfold.cli.output import page_file, require_file
    from sevenfold.refine.history import read_history
    from sevenfold.refine.replay_parts import replay_parts
    from sevenfold.refine.report import change_line, refine_report, without_sensitive
    from sevenfold.refine.write_table import check_format, table_file
    from sevenfold.report.page import write_report
    from sevenfold.report.quantity import quantity
    from sevenfold.runtime.recognise import require_kind

    require_kind(table, "table", "TABLE")
    check_format(out)
    if out.is_dir():
        require_file(out, "--out")
    if report is not None:
        require_file(report, "--report", inputs=(table, history, out))
    steps = read_history(history)
    delimiter = _delimiter(table, delimiter, encoding)
    read, hidden = _parts(table, delimiter, encoding, whole=bool(steps.crossing)), set(sensitive or ())

    def parts() -> Iterator[Table]:
        for part in read():
            hidden.update(_hidden(part, sensitive))
            yield part

    with table_file(out, decimal) as file:
        changes = replay_parts(parts, steps, file)
    for change, secret in without_sensitive(changes, hidden):
        typer.echo(change_line(change, hidden=secret))
    typer.echo(f"{quantity(file.rows, 'row')}, {quantity(file.columns, 'column')}: {out}")
    if report is not None:
        with page_file(report, "--report") as page:
            write_report(refine_report(changes, hidden, table=table.name, columns=file.columns), page.path)
        page.say(str(report))


def _parts(table: Path, delimiter: str, encoding: str, *, whole: bool) -> Callable[[], Iterator[Table]]:
    """Return what yields a table in parts, in one where steps need the `whole`."""
    if whole:
        return lambda: iter([_read(table, delimiter, encoding)])
    from sevenfold.refine.import_parts import read_parts

    return lambda: read_parts(table, delimiter, encoding)
