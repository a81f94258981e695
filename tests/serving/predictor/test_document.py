"""Strict JSON, against an oracle that sees every key: the standard library's parser with a hook."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.serving.predictor.document import parse_document, read_document
from sevenfold.serving.predictor.refusal import Refusal

keys = st.sampled_from(["a", "b", ":", '":', "\\", '\\":', "é", ""])
leaves = st.none() | st.booleans() | st.integers(-9, 9) | keys


@st.composite
def texts(draw: st.DrawFn, depth: int = 3) -> str:
    """A JSON text whose objects may repeat keys, with or without blanks and escapes."""
    blank = draw(st.sampled_from(["", " ", "\n"]))
    kind = draw(st.sampled_from(["leaf", "list", "object"] if depth else ["leaf"]))
    if kind == "leaf":
        return blank + json.dumps(draw(leaves), ensure_ascii=draw(st.booleans()))
    parts = draw(st.lists(texts(depth - 1), max_size=3))
    if kind == "list":
        return "[" + ",".join(parts) + blank + "]"
    names = [json.dumps(draw(keys), ensure_ascii=draw(st.booleans())) for _ in parts]
    return "{" + ",".join(f"{name}{blank}:{part}" for name, part in zip(names, parts, strict=True)) + "}"


def oracle(text: str) -> tuple[Any, bool]:
    twice = []

    def hook(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice.append(len(dict(pairs)) < len(pairs))
        return dict(pairs)

    return json.loads(text, object_pairs_hook=hook), any(twice)


@given(texts())
def test_a_repeated_key_is_refused_and_nothing_else(text: str) -> None:
    document, twice = oracle(text)
    if twice:
        with pytest.raises(Refusal, match="stand once"):
            parse_document(text.encode())
    else:
        assert parse_document(text.encode()) == document


@given(st.integers(-(10**30), 10**30), st.sampled_from(["[%d]", '{"a": [1.5, %d, "12345678901234567890123"]}', "%d"]))
def test_an_integer_of_any_size_is_read_as_it_was_written(number: int, form: str) -> None:
    text = form % number
    exact = read_document(text.encode(), lambda document: (document, True))
    assert exact == json.loads(text)
    assert json.dumps(exact) == json.dumps(json.loads(text))  # 1e30 equals 10**30


def test_a_deep_document_is_read_all_the_same() -> None:
    text = b"[" * 1_000 + b"18446744073709551616" + b"]" * 1_000
    assert read_document(text, lambda document: (type(document), True)) is list


@given(st.binary(max_size=60))
def test_bytes_are_json_or_refused(body: bytes) -> None:
    try:
        json.dumps(parse_document(body), allow_nan=False)
    except Refusal as refusal:
        assert refusal.status == 400
