"""The function that gives the key of a text by the name of a keyer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from sevenfold.refine.grel.failure import Failed, aborted
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.keyers import KEYERS, OPENREFINE_KEYERS

__all__ = ["FUNCTIONS", "why_refused"]

_DEFAULT: Final = "metaphone3"
_OTHERS: Final = ("doublemetaphone", "metaphone", "soundex", *OPENREFINE_KEYERS)


def phonetic(arguments: list[Any]) -> str:
    """Return the key of a text.

    Raises:
        DataError: ``grel_evaluation`` for an encoding of OpenRefine's that is not here.
    """
    if not 1 <= len(arguments) <= 2 or arguments[0] is None:
        raise Failed("takes a value and perhaps the name of an encoding")
    name = arguments[1] if len(arguments) == 2 else _DEFAULT
    if not isinstance(name, str):
        raise Failed("takes the name of an encoding")
    name = name.lower()
    if name in _OTHERS:
        raise aborted(f"`phonetic` {_why(name)}.", _REMEDY)
    if name not in KEYERS:
        raise Failed("takes the name of an encoding that there is")
    return KEYERS[name](java_text(arguments[0]))


def why_refused(arguments: Sequence[Any]) -> str | None:
    """Return why a call with these arguments cannot be replayed; an ellipsis stands for one that is not known yet."""
    name = arguments[1] if len(arguments) == 2 else _DEFAULT
    if len(arguments) in (1, 2) and isinstance(name, str) and name.lower() in _OTHERS:
        return _why(name.lower())
    return None


_REMEDY: Final = f"Use one of {', '.join(KEYERS)}."


def _why(name: str) -> str:
    why = " (only OpenRefine's own Java has it, and a recipe is replayed without)" if name in OPENREFINE_KEYERS else ""
    return f"by {name} has no counterpart here{why}; there are {', '.join(KEYERS)}"


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {"phonetic": phonetic}
