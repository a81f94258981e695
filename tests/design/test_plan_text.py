"""The text of a plan: whatever is written is read back as it was."""

from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.design.plan_text import plan_text

SCALAR = (
    st.text(max_size=12)
    | st.sampled_from(["yes", "No", "null", "~", "1e5", "0x1", "2013-01-01", "a: b", "# c", "- d", "", "é\u2028\x85"])
    | st.integers(-(10**6), 10**6)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
)
ENTRY = st.dictionaries(st.text(max_size=5), SCALAR, min_size=1)
VALUE = SCALAR | st.lists(SCALAR, max_size=3) | st.lists(ENTRY, max_size=2)
DOCUMENT = st.dictionaries(
    st.text(max_size=8), VALUE | st.dictionaries(st.text(max_size=8), VALUE, min_size=1, max_size=3), min_size=1
)


@settings(max_examples=400, deadline=None)
@given(DOCUMENT, st.text(max_size=200))
def test_yaml_reads_what_was_written(document, remark):
    comments = {(): remark, **{(key,): remark for key in document}}
    assert yaml.safe_load(plan_text(document, comments)) == document


def test_columns_stand_on_one_line_under_their_remark():
    text = plan_text(
        {"data": {"columns": {"a b": {"kind": "number", "note": "x, y"}}}},
        {("data", "columns", "a b"): "Three values."},
        inline=[("data", "columns")],
    )
    assert text == '\ndata:\n  columns:\n    # Three values.\n    a b: {kind: number, note: "x, y"}\n'
