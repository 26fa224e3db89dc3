"""The head of a long text: the same pieces to the model, at a fraction of the cost."""

from __future__ import annotations

import random
import sys
import tracemalloc
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.model import head as heads
from sentiment.model import vocabulary
from sentiment.text.runs import runs

READ = 12
PIECES = [*vocabulary.SPECIAL, *"abcαςσ好吃!.?#", *(f"##{letter}" for letter in "abcασς"), "カ", "##カ", "ab", "##ab"]
ORDERED = [character for character in map(chr, range(0x300, 0x3200)) if unicodedata.combining(character)]
OTHER = [character for character in ORDERED if unicodedata.category(character) != "Mn"]
STARTERS = [
    character
    for character in map(chr, range(0x300, 0x3200))
    if unicodedata.category(character) == "Mn" and not unicodedata.combining(character)
]
KINDS: dict[str, list[str]] = {
    "letters": list("abcABCéİßﬁカ가😂²ʰ"),
    "sigma": list("ΣσςΑαa.'ˋ·:^ʰ\u0301\u200d"),
    "alone": list("好吃!?。，#[]^`≠≮\u1fef𠮷\ud800"),
    "space": list(" \t\n\r\xa0\u2003\u3000\u2028"),
    "invisible": list("\0\x01\x0b\x0c\x7f\x85\xad\u200b\u200d\ufeff\ufffd\U000e0041\U00013439"),
    "marks": ORDERED,
    "others": OTHER,
    "starters": STARTERS,
    "later": list("\u061d\u2e52\U00012ff1\U00010efd\U0001e4ec\u0378\ue000\U0001f923"),
}


def tokenizer_of(*, lower_case: bool) -> Any:
    from sentiment.model.tokenizer import Tokenizer

    return Tokenizer(PIECES, max_seq_length=READ, lower_case=lower_case)


@pytest.fixture(scope="module", params=[True, False], ids=["small letters", "cased"])
def tokenizer(request: pytest.FixtureRequest) -> Any:
    return tokenizer_of(lower_case=request.param)


@pytest.fixture
def all_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text is cut as a long one is, and a word is looked over in parts."""
    monkeypatch.setattr(heads, "SHORT", 0)
    monkeypatch.setattr(heads, "AT_ONCE", 7)


def hostile(draw: random.Random) -> str:
    """Returns runs of characters of one kind, or of two in turn; some are long."""

    def run() -> str:
        kinds = KINDS[draw.choice(list(KINDS))] + (KINDS[draw.choice(list(KINDS))] if draw.random() < 0.3 else [])
        some = draw.choices(kinds, k=draw.choice([1, 1, 2, 3]))
        return "".join(draw.choices(some, k=draw.choice([0, 1, 2, 3, 5, 29, 31, 99, 101, 230, 400])))

    return "".join(run() for _ in range(draw.choice([1, 2, 5, 12, 30])))


def differing(tokenizer: Any, texts: list[str]) -> list[str]:
    """Returns the texts of which the head has other first pieces."""
    whole = tokenizer.encode([text.encode("utf-8", "replace") for text in texts]).to_list()
    cut = tokenizer.encode([tokenizer.head(text).encode("utf-8", "replace") for text in texts]).to_list()
    return [text for text, before, after in zip(texts, whole, cut, strict=True) if before != after]


@pytest.mark.usefixtures("all_long")
def test_random_hostile_texts_have_the_same_pieces(tokenizer: Any) -> None:
    draw = random.Random(2026)
    texts = [hostile(draw) for _ in range(400)]
    assert differing(tokenizer, texts) == []
    assert sum(len(tokenizer.head(text)) < len(text) for text in texts) > 80


@pytest.mark.usefixtures("all_long")
@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\u200b" * 50, "好" * 50, "a" * 100, "a" * 101, "a" * 300 + "好", "カ" * 33, "カ" * 34,
        "é" * 101 + " b",
        *("\u302e" * many + end for many in (29, 30, 31, 250) for end in ("", "aaaa", "a" * 11, "\u0301a")),
        "a" + "\u0e31" * 300 + "b", "\u0e31" * 300, ("\u302e" + "\u0e31") * 150, ("\u302e\u0301") * 150,
        "ΑΣ" + "." * 50, "ΑΣ" + "." * 50 + "Α", "Α" * 300 + "." * 5 + "Σ", "Α" + "ʰ" * 300 + "Σ ΑΣ" + "ʰ" * 300 + "Α",
        "ΑΣ\0Α ΑΣ\ufffd", "ΑΣ" + "\u0301" * 300 + "Α", "\U00010efd" * 101 + "a", "a\U00010efd" * 40 + "b",
    ],
)  # fmt: skip
def test_what_a_cut_could_change_stays(tokenizer: Any, text: str) -> None:
    assert differing(tokenizer, [text, f"好{text}", f"{text}吃 ab", f"ab {text} {text}"]) == []


@given(st.lists(st.sampled_from([one for kind in KINDS.values() for one in kind]), max_size=60), st.integers(1, 300))
def test_a_head_is_its_own_head_and_bounded(characters: list[str], times: int) -> None:
    text = "".join(characters) * times
    for lower in (str.lower, None):
        found = heads.head(text, READ, lower)
        assert heads.head(found, READ, lower) == found
        assert len(found) <= max(heads.SHORT, READ * (2 * heads.LONGEST_WORD + 200))


@pytest.mark.slow
def test_every_character_is_the_kind_that_the_operations_take_it_for(tokenizer: Any) -> None:
    """Of the many thousands that are no signs and no marks, every hundredth."""
    signs = heads.signs_of(lower_case=tokenizer.lower_case)
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000 and is_tried(code)]
    between = tokenizer.pieces([f"1{character}2".encode() for character in characters]).to_list()
    by_itself = tokenizer.pieces([character.encode() for character in characters]).to_list()

    def is_as_they_say(character: str, between: list[int], by_itself: list[int]) -> bool:
        """A letter, or nothing, between two others leaves one word of them, white space two, and a sign three."""
        units, alone = signs.unit.findall(f"1{character}2"), signs.unit.findall(character)
        is_gone = not signs.kept.search(character)
        return len(units) == len(between) and bool(alone) == bool(by_itself) and not (is_gone and alone)

    triples = zip(characters, between, by_itself, strict=True)
    assert len(characters) > 20_000 and [one for one in triples if not is_as_they_say(*one)] == []


def is_tried(code: int) -> bool:
    crowded = unicodedata.category(chr(code)) in ("Co", "Cn", "Lo", "So")
    return not crowded or code % 100 == 0 or 0x2E00 <= code < 0x3400 or 0x10E00 <= code < 0x13500


@pytest.mark.parametrize(
    "part", ["好", "!", "a", "a ", " ", "\u200b", "\u200b ", "カ", "\u0301", "\u0e31", "\u302e", "ʰ", "ab.", "\ue000"]
)
def test_a_long_text_costs_what_is_read_of_it(tokenizer: Any, part: str) -> None:
    text = part * (4_000_000 // len(part))
    heads.signs_of(lower_case=tokenizer.lower_case)
    tracemalloc.start()
    found = tokenizer.head(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) <= READ * (2 * heads.LONGEST_WORD + 200) and peak < 1_000_000


def test_a_short_text_is_given_as_it_is(tokenizer: Any) -> None:
    assert tokenizer.head("ＡΣ  好\u200b") == "ＡΣ  好\u200b"


def test_long_posts_and_titles_are_encoded_as_their_heads(tokenizer: Any) -> None:
    from sentiment.data.tsv import Post
    from sentiment.model.batches import encode

    pairs = [("好" * 9000, "a" * 9000), ("", "a " * 9000), ("\u200b" * 9000, "! " * 9000), ("a" * 9000 + "吃", "好.")]
    found = encode(tokenizer, [Post(text, 0, title) for title, text in pairs])
    ids, segments = tokenizer.encode_pairs([title for title, _ in pairs], [text for _, text in pairs])
    assert [row.tolist() for row in found.ids] == ids.to_list()
    assert [row.tolist() for row in found.segments] == segments.to_list()


def test_runs_are_those_that_follow_each_other() -> None:
    assert runs("abcxz") == [["a", "c"], ["x", "x"], ["z", "z"]]
