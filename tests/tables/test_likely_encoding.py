from __future__ import annotations

import pytest

from sevenfold.tables.likely_encoding import likely_encodings

WORDS = {
    "cp1252": ["Zürich", "São Paulo", "naïve", "it’s"],
    "cp1250": ["Łódź", "żółty", "Gdańsk", "Škoda"],
    "iso8859-2": ["Łódź", "žluťoučký"],
    "cp1251": ["Москва", "Санкт-Петербург"],
    "koi8-r": ["Москва", "Казань"],
    "cp1253": ["Αθήνα", "Πάτρα"],
    "cp1254": ["İstanbul", "Şişli"],
    "cp1257": ["Rīga", "Žemaitija"],
    "shift_jis": ["東京", "カタカナ"],
    "euc-jp": ["東京", "ひらがな"],
    "gb18030": ["北京", "上海"],
    "big5": ["台北", "高雄"],
    "euc-kr": ["서울", "부산"],
    "mac-roman": ["Zürich", "café"],
    "cp437": ["Zürich", "café"],
}


@pytest.mark.parametrize("encoding", WORDS)
def test_the_true_encoding_is_among_the_likely_ones(encoding):
    likely = likely_encodings([f"1,{word},2".encode(encoding) for word in WORDS[encoding]])
    assert encoding in likely
    assert len(likely) <= 4


def test_noise_is_no_text():
    assert likely_encodings([bytes(range(128, 256)) * 4]) == []
