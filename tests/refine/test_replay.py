"""A replay says what each step changed, names the step that is refused, and shows nothing of a sensitive column."""

from __future__ import annotations

import pytest
from refine_cases import facet, on_rows, sort, step, text_facet, transform

from sevenfold.contracts.errors import DataError
from sevenfold.refine.history import parse_history
from sevenfold.refine.import_csv import import_csv
from sevenfold.refine.replay import Change, replay
from sevenfold.refine.report import change_line, refine_report, without_sensitive

CSV = "id,city,mail\n1, Bern ,a@b\n2, Bern ,c@d\n3,Chur,e@f\n"


def changes_of(*history: dict[str, object]) -> list[Change]:
    return replay(import_csv(CSV), parse_history(list(history)))[1]


def test_a_change_counts_cells_and_gives_examples() -> None:
    (change,) = changes_of(transform("city", "value.trim()"))
    assert (change.cells, change.rows, change.added) == (2, (3, 3), ())
    assert change_line(change) == "  0  text-transform city: 2 cells changed; ' Bern ' → 'Bern' (2 cells)"


def test_a_change_counts_rows_columns_and_marks() -> None:
    star = step("row-star", on_rows(facet("city", "Chur")), starred=True)
    removal = step("row-removal", on_rows(facet("id", "2")))
    rename = step("column-rename", oldColumnName="id", newColumnName="number")
    moved = step("column-move", columnName="city", index=0)
    marked, removed, renamed, order = changes_of(star, removal, rename, moved)
    assert (marked.marked, marked.cells) == (1, 0)
    assert removed.rows == (3, 2)
    assert (renamed.added, renamed.removed) == (("number",), ("id",))
    assert order.moved


def test_a_sort_moves_rows_and_changes_no_cell() -> None:
    (change,) = changes_of(sort("id", "number", reverse=True))
    assert (change.cells, change.reordered) == (0, True)


def test_a_step_that_changes_nothing_is_said() -> None:
    changes = changes_of(transform("id", "value.trim()"))
    assert changes[0].nothing
    report = refine_report(changes, (), table="t.csv", columns=3)
    assert "1 step changed nothing: 0." in report.model_dump_json()


def test_a_report_of_one_row_counts_one_row() -> None:
    _, changes = replay(import_csv("city\n Zug\n"), parse_history([transform("city", "value.trim()")]))
    report = refine_report(changes, (), table="t.csv", columns=1)
    assert report.headline == "1 step on t.csv: 1 row became 1, 1 cell changed."


def test_a_refused_step_is_named() -> None:
    with pytest.raises(DataError, match=r"Step 1 \(core/column-removal\) is refused: .*'gone'") as refusal:
        changes_of(transform("id", "value"), step("column-removal", columnName="gone"))
    assert refusal.value.exit_status == 2


def test_a_facet_on_a_column_that_is_gone_is_refused() -> None:
    # OpenRefine ignores such a facet, and would remove every row here.
    with pytest.raises(DataError, match="'gone'"):
        changes_of(step("row-removal", on_rows(text_facet("gone", "x"))))


def test_no_value_of_a_sensitive_column_is_shown_wherever_it_goes() -> None:
    added = step(
        "column-addition",
        on_rows(),
        **{"baseColumnName": "id", "expression": "cells['mail'].value", "onError": "keep-original"},
        **{"newColumnName": "copy", "columnInsertIndex": 0},
    )
    changes = changes_of(
        transform("mail", "value.toUppercase()"),
        added,
        transform("copy", "value + 'x'"),
        transform("city", "cells.copy.value"),
        transform("id", "value + 'y'"),
    )
    assert [hidden for _, hidden in without_sensitive(changes, {"mail"})] == [True, True, True, True, False]
    page = refine_report(changes, {"mail"}, table="t.csv", columns=4).model_dump_json()
    assert "@" not in page
    assert "1y" in page


def test_numbers_with_nan_have_no_order() -> None:
    with pytest.raises(DataError, match="NaN") as refusal:
        replay(import_csv("n\n1\nNaN\n"), parse_history([transform("n", "value.toNumber()"), sort("n", "number")]))
    assert refusal.value.code == "refine_sort"
