"""Class labels: the text by which a class is known from the table to the served answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Column, Kind, Task, label_text
from sevenfold.plan.data import DataSection

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["class_names", "class_order", "label_texts", "same_text"]


def label_texts(values: pa.Array) -> pa.Array:
    """Return the values of a target as texts, dictionary-encoded: true and false, 3 for 3 and 3.0, 2.5."""
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        return values
    encoded = values.dictionary_encode()
    texts = [label_text(value) for value in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(texts, pa.string()))


def class_names(counts: Mapping[str, int], data: DataSection) -> tuple[str, ...]:
    """Return the classes in the order of their index, from the count of every label of the table.

    In the order of numbers where all are numbers, else of text. For binary the positive class comes last: the one the
    plan names, else the rarer one.

    Raises:
        DataError: ``single_class``, ``too_many_classes``, ``unknown_class``.
    """
    hidden = data.columns[data.target].sensitive
    names = class_order(counts)
    if len(names) < 2:
        shown = f"only {names[0]!r}" if names and not hidden else f"{len(names)}"
        raise DataError(
            "single_class",
            f"The target {data.target!r} must have two classes or more, but has {shown}.",
            remedy="See whether the table was filtered, or name another target.",
        )
    if data.task is Task.MULTICLASS:
        if len(names) > data.max_categories:
            raise DataError(
                "too_many_classes",
                f"A target may have at most {data.max_categories} classes, but {data.target!r} has {len(names)}.",
                remedy="Use task: regression, or merge classes with data.merged_classes.",
            )
        return tuple(names)
    if len(names) > 2:
        some = "" if hidden else ": " + ", ".join(repr(name[:40]) for name in names[:5])
        raise DataError(
            "too_many_classes",
            f"The target of a binary task must have two classes, but {data.target!r} has {len(names)}{some}.",
            remedy="Use task: multiclass, or merge classes with data.merged_classes.",
        )
    positive = _positive(names, counts, data)
    return tuple(class_order(names, positive))


def class_order(names: Collection[str], positive: str = "") -> list[str]:
    """Return classes in the order of their index: of numbers where all are numbers, else of text, the positive last.

    >>> class_order(["10", "9"]), class_order(["no", "maybe"], "maybe")
    (['9', '10'], ['no', 'maybe'])
    """
    try:
        ordered = sorted(names, key=lambda name: (float(name), name))
    except ValueError:
        ordered = sorted(names)
    return [*(name for name in ordered if name != positive), *(name for name in ordered if name == positive)]


def _positive(names: list[str], counts: Mapping[str, int], data: DataSection) -> str:
    if not data.positive:
        return min(reversed(names), key=lambda name: counts[name])
    wanted = same_text(data.positive, data.columns[data.target])
    if wanted not in names:
        hidden = data.columns[data.target].sensitive
        raise DataError(
            "unknown_class",
            f"`data.positive` must be a class of {data.target!r}, but "
            + ("it is none." if hidden else f"{data.positive!r} is none of {names}."),
            remedy="Write it as the table does.",
        )
    return wanted


def same_text(text: str, column: Column) -> str:
    """Return a label that a person wrote as `label_texts` has it: 3 for 3.0, true for what means true."""
    text = text.strip()
    if column.kind is Kind.BOOLEAN:
        return "true" if text in column.true_values else "false" if text in column.false_values else text
    if column.kind in (Kind.NUMBER, Kind.INTEGER):
        try:
            return label_text(float(text))
        except ValueError:
            return text
    return text
