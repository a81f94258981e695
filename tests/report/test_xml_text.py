"""Every text becomes one that an XML parser takes, and no other text is changed."""

from __future__ import annotations

from xml.etree.ElementTree import ParseError, fromstring
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from sevenfold.report.xml_text import in_one_unit, in_xml, throughout


def is_taken(text: str) -> bool:
    try:
        fromstring(f"<t>{escape(text)}</t>".encode("utf-8", "surrogatepass"))  # noqa: S314 - we wrote it
    except ParseError:
        return False
    return True


@given(st.text(st.characters()))
def test_a_parser_takes_what_comes_out(text: str) -> None:
    assert is_taken(in_xml(text))
    assert len(in_xml(text)) == len(text)


@given(st.characters())
def test_only_what_a_parser_refuses_is_changed(letter: str) -> None:
    assert (in_xml(letter) == letter) is is_taken(letter)


def test_a_document_is_changed_in_all_its_texts() -> None:
    assert throughout({"a\x01": ["b\x02", 1, None, {"c": "d\x03"}], "e": 0.5}, in_xml) == {
        "a\ufffd": ["b\ufffd", 1, None, {"c": "d\ufffd"}],
        "e": 0.5,
    }


@given(st.text())
def test_a_text_may_be_cut_anywhere_in_utf_16(text: str) -> None:
    units = in_one_unit(text).encode("utf-16-le")
    assert len(units) == 2 * len(text)
    assert in_one_unit(text) == "".join(letter if len(letter.encode("utf-16-le")) == 2 else "\ufffd" for letter in text)
