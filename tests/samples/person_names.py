"""Names as people write them, and texts that no one writes, for keys that compare sounds."""

from __future__ import annotations

import random
import unicodedata
import zoneinfo

__all__ = ["NAMES", "strange_texts"]

_PEOPLE = """
Smith|Smyth|Schmidt|Schmitt|Schmied|Müller|Mueller|Muller|Meier|Mayer|Maier|Meyr|Peterson|Petersen|Pederson|O'Brien
OBrien|O Brien|MacDonald|McDonald|Mc Donald|Mac Donald|van der Meer|Vandermeer|Van Der Meer|de la Cruz|Delacruz
d'Artagnan|Dartagnan|D'Artagnan|Saint-Exupéry|Saint Exupery|St. Exupéry|Jean-Luc Picard|Jean Luc Picard|Ben Gurion
Bengurion|ben-Gurion|Moskowitz|Moskovitz|Mosкowitz|Horowitz|Gurewicz|Dvořák|Dvorak|Wałęsa|Walesa|Łukasz|Nguyễn|Nguyen
İbrahim|Ibrahim|IBRAHIM|ibrahim|Ivica|IVICA|Straße|Strasse|STRASSE|Jose|José|Muñoz|Munoz|Håkan|Hakan|Åse|Ase|Þór|Thor
Иванов|Иванова|Ivanov|Ivanoff|Папандреу|Παπανδρέου|Papandreou|כהן|Kohen|Cohen|Kahn|محمد|Mohammed|Muhammad|Mohamed
李|李明|Li Ming|王|Wang|田中|Tanaka|김|Kim|Xavier|Javier|Zavier|Knight|Night|Wright|Right|Phillips|Philips|Filips
McDonnell Douglas|MCDONNELL DOUGLAS AIRCRAFT CO|MCDONNELL DOUGLAS CORPORATION|Boeing|BOEING CO
"""
NAMES = [
    *_PEOPLE.replace("\n", "|").strip("|").split("|"),
    *(zone.replace("_", " ") for zone in sorted(zoneinfo.available_timezones())),
    *(unicodedata.name(chr(code)) for code in range(0xC0, 0xE8)),
]
_PIECES = (
    *(
        "d'",
        "de ",
        "van ",
        "von ",
        "O'",
        "mac",
        "ben ",
        "al-",
        "sch",
        "tz",
        "gh",
        "ough",
        "wr",
        "x",
        "ck",
        "i",
        "I",
        "ı",
        "İ",
    ),
    *(
        "ñ",
        "ß",
        "é",
        "é",
        "ł",
        "ж",
        "Ж",
        "י",
        "ב",
        "λ",
        "李",
        "😀",
        "\ud83d",
        "\ude00",
        "ﬁ",
        "-",
        " ",
        "  ",
        "\t",
        "\x00",
    ),
    *("|", "(", ")", ".", ",", "’", "1", "&", "a", "e", "o", "b", "k", "m", "n", "r", "s"),
)


def strange_texts(seed: int, count: int) -> list[str]:
    """Return texts of pieces that rules of sounds are about, and of letters from anywhere."""
    rng = random.Random(seed)
    pieces = ["".join(rng.choices(_PIECES, k=rng.randint(0, 7))) for _ in range(count // 2)]
    anywhere = ["".join(chr(rng.randrange(1 << 16)) for _ in range(rng.randint(1, 9))) for _ in range(count // 2)]
    return ["", " ", "Schmidt" * 300, "Smith " * 30, *pieces, *anywhere]
