"""Expressions and values made from a seed, for asking both OpenRefine and our own GREL.

Functions whose results depend on the machine are left out, and so is what does not end in OpenRefine.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from grel_pools import CODES, DATES, FORMATS, MODES, NUMBERS, OTHERS, PATTERNS, TEXTS, UNITS, WRITTEN

__all__ = ["AREAS", "cases"]

Random = random.Random


def quoted(text: str) -> str:
    """Return a text as a literal of GREL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t") + "'"


def text(chance: Random, depth: int = 0) -> str:
    if depth > 0 and chance.random() < 0.4:
        return call(chance, "text", depth - 1)
    return chance.choice(["value", "value", "cells.b.value", quoted(chance.choice(TEXTS))])


def number(chance: Random, depth: int = 0) -> str:
    if depth > 0 and chance.random() < 0.4:
        return call(chance, chance.choice(["number", "count"]), depth - 1)
    literals = [str(item) for item in NUMBERS if 1e-3 < abs(item) < 1e5 or item == 0]
    return chance.choice(["value", "cells.b.value", "rowIndex", chance.choice(literals)])


def array(chance: Random, depth: int = 0) -> str:
    if depth > 0 and chance.random() < 0.5:
        return call(chance, "array", depth - 1)
    items = [
        chance.choice([quoted(chance.choice(TEXTS)), str(chance.choice([0, 1, 2, 2.5])), "null"]) for _ in range(3)
    ]
    alike = [quoted(chance.choice(TEXTS)) for _ in range(3)]
    return f"[{', '.join(chance.choice([items, alike])[: chance.randint(0, 3)])}]"


def literals(chance: Random, depth: int = 0) -> str:
    """Return an array that no function has made: those of zip are of another kind in OpenRefine."""
    return array(chance)


def pattern(chance: Random, depth: int = 0) -> str:
    return chance.choice(
        [f"/{chance.choice(PATTERNS)}/", f"/{chance.choice(PATTERNS)}/i", quoted(chance.choice(",|-aX "))]
    )


def boolean(chance: Random, depth: int = 0) -> str:
    if depth > 0 and chance.random() < 0.4:
        return call(chance, "boolean", depth - 1)
    return chance.choice(["true", "false", "value == 'a'", "1 < 2", "isBlank(value)", "value"])


def date(chance: Random, depth: int = 0) -> str:
    if depth > 0 and chance.random() < 0.3:
        return call(chance, "date", depth - 1)
    return chance.choice(["value", "'2024-01-31'.toDate()", "'2023-02-28T10:11:12+02:00'.toDate()"])


def chosen(*choices: str) -> Callable[..., str]:
    """Return a maker that takes one of the literals."""
    return lambda chance, depth=0: quoted(chance.choice(choices))


def chosen_number(chance: Random, depth: int = 0) -> str:
    """Return a number that is a long or a double; a row's index is neither."""
    return chance.choice(["value", "5", "1.5", "-86400", "1700000000"])


def anything(chance: Random, depth: int = 0) -> str:
    return chance.choice([text, number, array, boolean, date])(chance, depth)


def small(chance: Random, depth: int = 0) -> str:
    return str(chance.choice([-2, -1, 0, 1, 2, 3, 1.5, 30]))


Maker = Callable[..., str]
AREAS: dict[str, list[tuple[str, tuple[Maker, ...]]]] = {
    "text": [
        *[(name, (text,)) for name in ("trim", "strip", "toUppercase", "toLowercase", "toTitlecase", "toString")],
        *[("replace", (text, pattern, text)), ("replace", (text, text, text)), ("replaceChars", (text, text, text))],
        *[
            ("chomp", (text, text)),
            ("fingerprint", (text,)),
            ("ngramFingerprint", (text, small)),
            ("diff", (text, text)),
        ],
        *[
            ("slice", (text, small)),
            ("slice", (text, small, small)),
            ("substring", (text, small)),
            ("get", (text, small)),
        ],
        *[
            ("escape", (text, chosen(*MODES))),
            ("unescape", (text, chosen(*MODES))),
            ("md5", (text,)),
            ("sha1", (text,)),
            ("reinterpret", (text, chosen(*CODES), chosen(*CODES))),
        ],
        *[
            ("encode", (text, chosen("base16", "base32", "base64", "base32hex", "base64url", "x"))),
            ("jsonize", (anything,)),
        ],
        *[
            ("toTitlecase", (text, text)),
            ("replaceEach", (text, literals, literals)),
            ("replaceEach", (text, literals, text)),
        ],
        *[("join", (array, text)), ("coalesce", (anything, anything)), ("decode", (text, chosen("base64", "base16")))],
    ],
    "count": [
        *[("length", (anything,)), ("indexOf", (text, text)), ("lastIndexOf", (text, text)), ("sum", (array,))],
        *[("levenshteinDistance", (text, text)), ("toNumber", (anything,)), ("toNumber", (text,))],
    ],
    "number": [
        *[(name, (number,)) for name in ("abs", "round", "floor", "ceil", "even", "odd", "fact", "degrees", "radians")],
        *[(name, (number, number)) for name in ("max", "min", "mod", "quotient", "combin", "gcd")],
        *[
            ("factn", (number, chosen("a"))),
            ("multinomial", (small, small)),
            ("lcm", (small, small)),
            ("fact", (small,)),
        ],
        *[("toString", (number, chosen("%d", "%.2f", "%5d", "%,d", "%05.1f", "%s", "x%dy", "%+d")))],
    ],
    "boolean": [
        *[("and", (boolean, boolean)), ("or", (boolean, boolean)), ("xor", (boolean, boolean)), ("not", (boolean,))],
        *[
            ("contains", (text, pattern)),
            ("startsWith", (text, text)),
            ("endsWith", (text, text)),
            ("inArray", (array, text)),
        ],
        *[(name, (anything,)) for name in ("isBlank", "isNull", "isNotNull", "isNonBlank", "isError", "isEmptyString")],
        *[("isNumeric", (anything,)), ("type", (anything,))],
    ],
    "array": [
        *[
            ("split", (text, pattern)),
            ("split", (text, pattern, boolean)),
            ("split", (text, text)),
            ("smartSplit", (text,)),
        ],
        *[("splitByCharType", (text,)), ("splitByLengths", (text, small, small)), ("partition", (text, pattern))],
        *[("rpartition", (text, pattern)), ("partition", (text, pattern, boolean)), ("match", (text, pattern))],
        *[("find", (text, pattern)), ("ngram", (text, chosen("1"))), ("unicode", (text,)), ("unicodeType", (text,))],
        *[
            ("reverse", (array,)),
            ("sort", (array,)),
            ("uniques", (array,)),
            ("zip", (array, array)),
            ("range", (small,)),
        ],
        *[
            ("slice", (array, small)),
            ("get", (array, small)),
            ("get", (array, small, small)),
            ("range", (small, small, small)),
        ],
        *[("smartSplit", (text, chosen(",", "|", "-", ";")))],
    ],
    "date": [
        *[("inc", (date, small, chosen(*UNITS))), ("toDate", (chosen("2024-05-06"),))],
        *[("datePart", (date, chosen(*UNITS))), ("diff", (date, date, chosen(*UNITS)))],
        *[("toString", (date, chosen(*FORMATS))), ("toString", (date,))],
        *[("timeSinceUnixEpochToDate", (chosen_number,)), ("toDate", (chosen(*WRITTEN),))],
        *[("toDate", (text,)), ("toDate", (chosen(*WRITTEN), chosen(*FORMATS[:3])))],
    ],
}
AREA_CHOICES = list(AREAS)


def call(chance: Random, area: str, depth: int) -> str:
    """Return a call of a function of an area, as a function or as a method."""
    name, makers = chance.choice(AREAS[area])
    arguments = [maker(chance, depth) for maker in makers]
    bare = not arguments[0][0].isdecimal() and not arguments[0].startswith("-")
    if bare and not name.startswith("is") and chance.random() < 0.7:
        if " " in arguments[0] and arguments[0][0] not in "'[":
            arguments[0] = f"({arguments[0]})"
        return f"{arguments[0]}.{name}({', '.join(arguments[1:])})"
    return f"{name}({', '.join(arguments)})"


def operation(chance: Random, depth: int) -> str:
    operator = chance.choice(["+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "+"])
    makers = chance.choice([(number, number), (text, text), (anything, anything)])
    return f"{makers[0](chance, depth)} {operator} {makers[1](chance, depth)}"


def form(chance: Random, depth: int) -> str:
    inner = call(chance, chance.choice(AREA_CHOICES), depth)
    return chance.choice(
        [
            f"if({boolean(chance, depth)}, {inner}, {anything(chance, depth)})",
            f"with({inner}, v, [v, v])",
            f"forEach({array(chance, depth)}, v, if(isNull(v), 'none', v))",
            f"forEachIndex({array(chance, depth)}, i, v, [i, v])",
            f"filter({array(chance, depth)}, v, isNonBlank(v))",
            f"forNonBlank({inner}, v, v, 'blank')",
            f"forRange(0, {small(chance)}, 1, i, i * 2)",
            f"{array(chance, depth)}[{small(chance)}]",
            f"{text(chance, depth)}[{small(chance)}, {small(chance)}]",
        ]
    )


def expression(chance: Random) -> str:
    """Return an expression up to three calls deep."""
    depth = chance.randint(0, 2)
    kind = chance.random()
    if kind < 0.15:
        return operation(chance, depth)
    return form(chance, depth) if kind < 0.3 else call(chance, chance.choice(AREA_CHOICES), depth)


def value(chance: Random) -> Any:
    return chance.choice([chance.choice(TEXTS), chance.choice(TEXTS), *map(chance.choice, (NUMBERS, DATES, OTHERS))])


def cases(seed: int, count: int) -> list[tuple[str, dict[str, Any]]]:
    """Return expressions with bindings; the same seed gives the same ones."""
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        cells = {"a": value(chance), "b": value(chance)}
        bindings = {"value": cells["a"], "cells": cells, "rowIndex": chance.randint(0, 5), "columnName": "a"}
        found.append((expression(chance), bindings))
    return found
