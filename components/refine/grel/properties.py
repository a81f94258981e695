"""The names of character properties in Java's patterns, as classes of the ``regex`` package."""

from __future__ import annotations

__all__ = ["property_class"]

# ASCII only, as Java has them without its Unicode flag.
_POSIX = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": "\\x00-\\x7f",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": "!-/:-@\\[-`\\{-\\~",
    "Graph": "!-\\~",
    "Print": " -\\~",
    "Blank": " \\t",
    "Cntrl": "\\x00-\\x1f\\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": " \\t\\n\\x0b\\f\\r",
}
_CATEGORIES = frozenset(
    [
        "L",
        "Lu",
        "Ll",
        "Lt",
        "Lm",
        "Lo",
        "M",
        "Mn",
        "Mc",
        "Me",
        "N",
        "Nd",
        "Nl",
        "No",
        "Z",
        "Zs",
        "Zl",
        "Zp",
        "P",
        "Pd",
        "Ps",
        "Pe",
        "Pc",
        "Po",
        "Pi",
        "Pf",
        "S",
        "Sm",
        "Sc",
        "Sk",
        "So",
        "C",
        "Cc",
        "Cf",
        "Co",
        "Cs",
        "Cn",
    ]
)
_BINARY = frozenset(
    ["Alphabetic", "Ideographic", "Letter", "Lowercase", "Uppercase", "Titlecase", "Control", "White_Space", "Digit"]
)
_CONVERTED = {"Letter": "L", "Titlecase": "Lt", "Control": "Cc", "Digit": "Nd"}
_SCRIPTS = frozenset(
    [
        "Latin",
        "Greek",
        "Cyrillic",
        "Han",
        "Hiragana",
        "Katakana",
        "Hangul",
        "Arabic",
        "Hebrew",
        "Thai",
        "Devanagari",
        "Armenian",
        "Georgian",
        "Common",
    ]
)


def property_class(name: str, caseless: bool) -> str | None:
    """Return what stands in a class for a property, or None where the name is not known.

    Where case does not count, the letters of every case are in it.
    """
    if caseless and name.removeprefix("Is") in ("Lu", "Ll", "Lt"):
        return "\\p{Lu}\\p{Ll}\\p{Lt}"
    if caseless and name in ("Lower", "Upper"):
        return _POSIX["Alpha"]
    if caseless and name in ("IsLowercase", "IsUppercase", "IsTitlecase"):
        return "\\p{Lowercase}\\p{Uppercase}\\p{Lt}"
    if name in _POSIX:
        return _POSIX[name]
    short = name.removeprefix("Is")
    if short in _CATEGORIES:
        return f"\\p{{{short}}}"
    if short == "LC":
        return "\\p{Lu}\\p{Ll}\\p{Lt}"
    if name.startswith("Is") and short in _BINARY:
        return f"\\p{{{_CONVERTED.get(short, short)}}}"
    script = short if name.startswith("Is") else name.removeprefix("script=").removeprefix("sc=")
    return f"\\p{{Script={script}}}" if name != script and script in _SCRIPTS else None
