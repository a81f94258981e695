"""The command that replays what was recorded in OpenRefine on a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["add_refine_command"]


def add_refine_command(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(refine)


def refine(
    table: Annotated[Path, typer.Argument(help="CSV or Parquet table.", metavar="TABLE", show_default=False)],
    history: Annotated[
        Path,
        typer.Argument(help="History extracted from OpenRefine, as JSON.", metavar="HISTORY", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: .csv or .parquet.", show_default=False)],
    report: Annotated[Path | None, typer.Option(help="HTML file to write a report to; by default none.")] = None,
    delimiter: Annotated[str, typer.Option(help="Character between the fields of a CSV; tab for a tabulator.")] = ",",
    encoding: Annotated[str, typer.Option(help="Encoding of a CSV, such as cp1252.")] = "utf-8",
    sensitive: Annotated[
        list[str] | None,
        typer.Option(help="Column whose values are never shown, besides those that seem to be about a person."),
    ] = None,
) -> None:
    """Replay a history that was recorded in OpenRefine on a table, without OpenRefine.

    Exit status: 0 done; 2 the history or a step of it is refused.

    Example: `sevenfold refine houses.csv history.json --out clean.csv`
    """
    from sevenfold.design.sensitive import sensitive_columns
    from sevenfold.refine.history import read_history
    from sevenfold.refine.import_csv import read_table
    from sevenfold.refine.replay import replay
    from sevenfold.refine.report import change_line, refine_report, without_sensitive
    from sevenfold.refine.write_table import check_format, write_table
    from sevenfold.report.page import write_report
    from sevenfold.runtime.recognise import require_kind

    require_kind(table, "table", "TABLE")
    check_format(out)
    steps = read_history(history)
    read = read_table(table, "\t" if delimiter == "tab" else delimiter, encoding)
    hidden = {*(sensitive or ()), *sensitive_columns({each.name: each.cells() for each in read.columns})}
    clean, changes = replay(read, steps)
    for change, secret in without_sensitive(changes, hidden):
        typer.echo(change_line(change, hidden=secret))
    write_table(clean, out)
    typer.echo(f"{clean.height:,} rows, {len(clean.columns)} columns: {out}")
    if report is not None:
        write_report(refine_report(changes, hidden, table=table.name, columns=len(clean.columns)), report)
        typer.echo(str(report))
