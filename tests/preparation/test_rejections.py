"""Tables that cannot be used: one code each, nothing left behind (the fixture checks the folder)."""

from __future__ import annotations

import gzip

import pytest

HEADER = "id,x,c,y\n"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "empty_file"),
        ("\n\r\n\n", "empty_file"),
        ("\ufeff", "empty_file"),
        (HEADER, "no_rows"),
        (HEADER + "\n\n", "no_rows"),
        ("id,x,x,y\n1,2,3,no\n", "duplicate_column"),
        ("id,x,X ,y\n1,2,3,no\n", "duplicate_column"),
        ("id,x,Ｘ,y\n1,2,3,no\n", "duplicate_column"),
        ("id,x,x\u200b,y\n1,2,3,no\n", "duplicate_column"),
        ("id,x,,y\n1,2,3,no\n", "empty_column_name"),
        (",x,c,y\n0,2,3,no\n", "empty_column_name"),
        ("id,x,c,z\n1,2,3,no\n", "missing_column"),
        ("id,x,c,y,z\n1,2,3,no,4\n", "unknown_column"),
        ("id;x;c;y\n1;2,5;3;no\n", "delimiter"),
        ("id\tx\tc\ty\n1\t2\t3\tno\n", "delimiter"),
        ('id,x,"c,y\n1,2,3,no\n', "unclosed_quote"),
        (",".join(f"k{i}" for i in range(20_000)) + "\n", "too_many_columns"),
        (HEADER + "1,2," + "z" * (3 << 20) + ",no\n", "field_too_large"),
        (HEADER + '1,2,"' + "z" * (3 << 20) + '",no\n', "field_too_large"),
        (gzip.compress(HEADER.encode(), mtime=0), "no_rows"),
        (b"PK\x03\x04 a workbook", "not_text"),
        (HEADER.encode() + b"1,2,\0,no\n", "not_text"),
        ("<!DOCTYPE html><html></html>", "not_csv"),
        ('  <?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "not_csv"),
        ('[{"id": 1, "x": 2}]', "not_csv"),
        ("id,x,c,y\n1,2,3,no\n".encode("utf-16"), "encoding"),
        ("id,x,c,y\n1,2,é,no\n".encode("latin-1"), "encoding"),
        (b"PAR1 cut off", "not_parquet"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tables, content, code):
    assert tables.outcome(content).code == code


def test_bad_encoding_names_the_byte(tables):
    content = (HEADER + "1,2,é,no\n").encode("latin-1")
    assert f"byte {content.index(0xE9)}" in tables.outcome(content).message


def test_unclosed_quote_names_the_line_it_starts_at(tables):
    body = tables.rows()
    body[200][2] = '"a'
    outcome = tables.outcome(tables.text(body))
    assert outcome.code == "unclosed_quote"
    assert "t.csv:202:" in outcome.message


@pytest.mark.parametrize("before", ["", '"quoted",'])
def test_a_quote_that_eats_rows_is_never_one_bad_row(tables, before):
    body = tables.rows()
    body[50][2], body[90][2] = '"a', '"b"'
    assert tables.outcome(tables.text(body)).code == "unclosed_quote"


def test_digest_is_checked(tables):
    outcome = tables.outcome(tables.text(tables.rows())[:-30], digest="sha256:" + "0" * 64)
    assert outcome.code == "digest_mismatch"


@pytest.mark.parametrize(
    ("column", "values", "settings", "code"),
    [
        ("y", ["no"], {}, "single_class"),
        ("y", ["no", "yes", "perhaps"], {}, "too_many_classes"),
        ("y", ["no", "yes", "no", ""], {}, "label_missing"),
        (
            "y",
            ["1.0"],
            {"task": "regression", "columns": {"y": {"kind": "number", "role": "target"}}},
            "constant_target",
        ),
        ("x", [""], {"columns": {"x": {"kind": "number", "nullable": False}}}, "all_missing"),
        ("x", ["a", "b"], {}, "too_many_bad_rows"),
        ("y", ["no", "yes"], {"positive": "perhaps"}, "unknown_class"),
    ],
)
def test_a_table_that_cannot_teach_is_refused(tables, column, values, settings, code):
    body = tables.rows()
    for number, row in enumerate(body):
        row[["id", "x", "c", "y"].index(column)] = values[number * 7919 % 1009 % len(values)]
    assert tables.outcome(tables.text(body), **settings).code == code


def test_mixed_offsets_are_refused(tables):
    body = [[a, f"2013-01-{1 + n % 28:02}T10:00" + "Z" * (n % 2), c, y] for n, (a, _, c, y) in enumerate(tables.rows())]
    assert tables.outcome(tables.text(body), {"x": {"kind": "datetime"}}).code == "timezone_mixed"


def test_many_categories_are_refused_for_one_hot_only(tables):
    body = [[row[0], row[1], f"k{n % 1200}", row[3]] for n, row in enumerate(tables.rows(6_000))]
    assert tables.outcome(tables.text(body), preparation={"encoding": "onehot"}).code == "cardinality"
    assert tables.outcome(tables.text(body), preparation={"min_count": 1}).code == ""


@pytest.mark.parametrize("kind", ["category", "number"])
def test_a_column_that_tells_the_target_is_refused_unless_allowed(tables, kind):
    name, answers = ("c", {"yes": "q", "no": "r"}) if kind == "category" else ("x", {"yes": "10", "no": "-10"})
    body = tables.rows()
    for row in body:
        row[2 if name == "c" else 1] = answers[row[3]]
    content = tables.text(body)
    assert tables.outcome(content).code == "leakage_suspect"
    allowed = tables.outcome(content, allow_leakage=[name])
    assert any("reveals the target" in text for text in allowed.prepared.warnings)


def test_a_class_too_rare_to_split_is_refused(tables):
    outcome = tables.outcome(tables.changed("y", "perhaps"), task="multiclass")
    assert outcome.code == "rare_class"


def test_sensitive_values_are_not_in_messages(tables):
    columns = {"x": {"kind": "number", "sensitive": True}}
    body = [[a, "secret", c, y] for a, _, c, y in tables.rows()]
    outcome = tables.outcome(tables.text(body), columns)
    assert outcome.code == "too_many_bad_rows"
    assert "secret" not in outcome.message
