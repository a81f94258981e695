"""What a header alone shows, with the code that reading the rows would give."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Column, Kind, Role, Task
from sevenfold.plan.data import DataSection
from sevenfold.tables.check_header import check_header, unreadable_types
from sevenfold.tables.reader import TableReader

COLUMNS = {
    "rooms": Column(kind=Kind.INTEGER),
    "street": Column(kind=Kind.CATEGORY),
    "sold": Column(kind=Kind.DATETIME),
    "old": Column(kind=Kind.NUMBER, role=Role.IGNORE),
    "price": Column(kind=Kind.NUMBER, role=Role.TARGET),
}
DATA = DataSection(source="t.csv", target="price", task=Task.REGRESSION, columns=COLUMNS)
ROW = "3,Main St,2024-01-31,1.5,200\n"
NOT_READ = {
    "missing": ("rooms,old,sold\n", "missing_column"),
    "no target": ("rooms,street,sold,old\n", "missing_column"),
    "unknown": ("rooms,street,sold,old,price,age\n" + ROW, "unknown_column"),
    "semicolons": ("rooms;street;sold;old;price\n3;Main St;2024-01-31;1,5;200\n", "delimiter"),
    "twice": ("rooms,street,sold,old,price,Rooms\n", "duplicate_column"),
    "no name": ("rooms,street,sold,old,price,\n", "empty_column_name"),
    "open quote": ('rooms,"street,sold,old,price\n', "unclosed_quote"),
    "page": ("<!doctype html><html></html>", "not_csv"),
    "empty": ("", "empty_file"),
}


@pytest.mark.parametrize("case", list(NOT_READ))
def test_a_header_that_does_not_fit_is_refused_as_reading_would(case: str, tmp_path: Path) -> None:
    text, code = NOT_READ[case]
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError) as caught:
        check_header(tmp_path / "t.csv", DATA)
    assert caught.value.code == code
    with pytest.raises(DataError) as read:
        list(TableReader(tmp_path / "t.csv", DATA))
    assert (read.value.code, read.value.message) == (code, caught.value.message)


def test_every_missing_column_is_named(tmp_path: Path) -> None:
    columns = {f"c{number}": Column(kind=Kind.NUMBER) for number in range(20)}
    data = DATA.model_copy(update={"columns": {**columns, "price": COLUMNS["price"]}})
    (tmp_path / "t.csv").write_text("c7,other\n1,2\n")
    with pytest.raises(DataError) as caught:
        check_header(tmp_path / "t.csv", data)
    lacking = caught.value.message.partition("; it has")[0]
    assert all(f"'{name}'" in lacking for name in data.columns if name != "c7")
    assert "'c7'" not in lacking


def test_an_ignored_column_may_be_gone_and_rows_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("rooms,street,sold,price\n" + "no,such,row\n" * 3)
    check_header(tmp_path / "t.csv", DATA)


def test_a_parquet_type_that_cannot_be_read_is_seen_in_the_schema(tmp_path: Path) -> None:
    good = pa.schema(
        {
            "rooms": pa.int8(),
            "street": pa.dictionary(pa.int32(), pa.string()),
            "sold": pa.timestamp("ns"),
            "old": pa.list_(pa.int8()),
            "price": pa.float32(),
        }
    )
    assert unreadable_types(good, DATA) == {}
    bad = good.set(0, pa.field("rooms", pa.list_(pa.int8()))).set(4, pa.field("price", pa.date32()))
    faults = unreadable_types(bad, DATA)
    assert {name: fault.code for name, fault in faults.items()} == dict.fromkeys(("rooms", "price"), "unsupported_type")
    pq.write_table(bad.empty_table(), tmp_path / "t.parquet")
    with pytest.raises(DataError, match="'rooms'"):
        check_header(tmp_path / "t.parquet", DATA)
