"""A long text in parts is the same to Unicode's forms, and costs what a part does."""

from __future__ import annotations

import random
import sys
import tracemalloc
import unicodedata

import pytest

from sentiment.data import identity
from sentiment.text import invisible, parted


def hostile(draw: random.Random) -> str:
    kinds = [
        *("aZ9é. ", "好吃가ᄀ각ᅡᆨ", "が\u3099\u309aハﾊﾞﾟ", "\u0301\u0323\u1b44\u302e", "ﬁﷺ\ufc5eΣςßİ", "<=\u0338"),
        *("\u200b\xad\u2800\ufe0f\u200d", "🏴\U000e0067\U000e007f❤", "ক\u09be\u09d7\u0b3e\u1133e\U00011127"),
    ]
    return "".join("".join(draw.choices(draw.choice(kinds), k=draw.choice([1, 2, 5, 40]))) for _ in range(12))


def test_parts_have_the_form_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(2026)
    texts = [hostile(draw) for _ in range(2000)]
    whole = [identity.post_identity(text, text[:20]) for text in texts]
    monkeypatch.setattr(identity, "PART", 3)
    monkeypatch.setattr(parted, "PART", 3)
    assert [identity.post_identity(text, text[:20]) for text in texts] == whole
    monkeypatch.setattr(invisible, "AT_ONCE", 3)
    assert [identity.post_identity(text, text[:20]) for text in texts] == whole
    assert ["".join(parted.parted(text)) for text in texts] == texts
    assert sum(len(list(parted.parted(text))) for text in texts) > 10 * len(texts)


def test_no_part_begins_with_what_joins_the_character_before() -> None:
    pairs = (unicodedata.decomposition(chr(code)).split() for code in range(sys.maxunicode + 1))
    joining = {chr(int(pair[1], 16)) for pair in pairs if len(pair) == 2 and not pair[0].startswith("<")}
    jamo = {unicodedata.normalize("NFD", chr(code))[place] for code in range(0xAC00, 0xD7A4) for place in (1, -1)}
    text = "".join("a" * parted.PART + character for character in sorted(joining | jamo))
    assert len(joining | jamo) > 100 and {part[0] for part in parted.parted(text)} == {"a"}


@pytest.mark.parametrize("part", ["\u0323\u0301", "\u0e31", "´", "´\u200b", "🤣", "\u1b44\u302e"])
def test_a_text_without_a_place_to_part_it_takes_some_times_its_size(part: str) -> None:
    text = part * (200_000 // len(part))
    identity.identity(text[:20_000])
    tracemalloc.start()
    identity.identity(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30 * 200_000  # a list of its characters has 84 bytes for each


@pytest.mark.parametrize("part", ["ab ", "好a ", "ﷺ", "好\u200b", "ΑΣ."])
def test_the_identity_of_a_long_text_takes_the_memory_of_a_part(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "PART", 1000)
    monkeypatch.setattr(parted, "PART", 1000)
    text = part * (200_000 // len(part))
    tracemalloc.start()
    found = identity.identity(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == identity.HEX_DIGITS and peak < 2_000_000  # of the whole: 3 to 30 MB
