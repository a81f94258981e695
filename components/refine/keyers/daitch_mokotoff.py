"""Daitch-Mokotoff Soundex: six digits for the sounds of a Slavic or Yiddish surname.

Source: R. Daitch and G. Mokotoff, "Soundexing and Genealogy" (1985), whose table gives for a group of letters its
digits at the beginning, before a vowel, and elsewhere. Of two codes, the one that OpenRefine takes stands here.
"""

from __future__ import annotations

from typing import Final

from sevenfold.refine.utf16 import units

__all__ = ["daitch_mokotoff"]

LENGTH: Final = 6
# Groups of letters, and their digits: at the beginning, before a vowel, elsewhere; a dash stands for none.
_TABLE: Final = """
ai aj ay ei ej ey oi oj oy ui uj uy ue = 0 1 -
au = 0 7 -
ia ie io iu j y = 1 - -
eu = 1 1 -
a e i o u = 0 - -
ą ę = - - -
b f fb p pf ph v w = 7 7 7
chs ks x = 5 54 54
ck g k kh q = 5 5 5
c ch cz cs csz czs drz drs ds dsh dsz dz dzh dzs = 4 4 4
d dt t th ţ ț = 3 3 3
h = 5 5 -
l = 8 8 8
m n = 6 6 6
mn nm = 66 66 66
r = 9 9 9
rz rs s sch sh sz tc tch trs trz ts tsch tsh tsz ttch tts ttsch ttsz ttz tz tzs z zh zs zsch zsh = 4 4 4
sc schtch schtsch schtsh shch shtch shtsh stch strs strz stsch stsh szcs szcz zdz zdzh zhdzh = 2 4 4
schd scht sd shd sht st szd szt zd zhd = 2 43 43
"""
_ACCENTED: Final = str.maketrans("ßàáâãäåæçèéêëìíîïðñòóôõöøùúûýþÿćłśżź", "saaaaaaaceeeeiiiidnoooooouuuybyclszz")
# What Java takes for white space; of the spaces that Unicode has, those that break no line are none.
_WHITE: Final = frozenset(
    "\t\n\x0b\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008"
    "\u2009\u200a\u2028\u2029\u205f\u3000"
)


def _rules() -> dict[str, tuple[str, str, str]]:
    rules = {}
    for line in _TABLE.strip().splitlines():
        groups, digits = line.split(" = ")
        first, vowel, other = (each.replace("-", "") for each in digits.split())
        rules.update(dict.fromkeys(groups.split(), (first, vowel, other)))
    return rules


_RULES: Final = _rules()
_LONGEST: Final = max(map(len, _RULES))


def daitch_mokotoff(text: str) -> str:
    """Return the code of a text: six digits, zeros at the end where there are fewer sounds.

    What has no sound counts for nothing.
    """
    letters = "".join(letter.lower()[0] for letter in units(text) if letter not in _WHITE).translate(_ACCENTED)
    code, last_digits, last_letter = "", None, ""
    place = 0
    while place < len(letters):
        group = _group(letters, place)
        if not group:
            place += 1
            continue
        first, vowel, other = _RULES[group]
        after = letters[place + len(group) : place + len(group) + 1]
        digits = first if not last_letter else vowel if after and after in "aeiou" else other
        # Equal sounds in a row count once, but not those of an m beside an n.
        beside = last_letter + letters[place] in ("mn", "nm")
        if last_digits is None or not last_digits.endswith(digits) or beside:
            code += digits
        last_digits, last_letter = digits, letters[place]
        place += len(group)
    return code[:LENGTH].ljust(LENGTH, "0")


def _group(letters: str, place: int) -> str:
    """Return the longest group of letters that begins here; the empty text where none does."""
    for length in range(_LONGEST, 0, -1):
        group = letters[place : place + length]
        if len(group) == length and group in _RULES:
            return group
    return ""
