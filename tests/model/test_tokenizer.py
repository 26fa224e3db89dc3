"""The tokenizer against transformers' own, and against text that means harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentiment.model import vocabulary

TEXTS = [
    "推:顏色好美！",
    "噓:皇民是日本人的意思喔，罵窩們皇民是在稱讚吧",
    "iPhone 15 Pro 的電池 battery life 很OK",
    "這家店😂😂 超讚👍🏻",
    "Café Über naïve ﬁne ＡＢＣ１２３",
    "ㄏㄏ 笑死XDDD ~~~",
    "http://example.com/a?b=c&d=1 @someone #標籤#",
    "か゚ ガ が カナ 한국어",
    "…──「引號」、『書名』《》〈〉",
    "a\tb\nc　d\u00a0e",
    "$5 + 3 = 8 ^_^ <3 `code`",
    "一\u200b二\ufeff三\u00ad四",
    "x" * 100,
    "好" * 300,
    "",
    "   ",
    "𠮷野家",
    "ⅷ ² ½ ™",
    "aͤ b̈",
    "\x00\x01\x7f",
    "❤️‍🔥🏳️‍🌈",
]


@pytest.fixture(scope="module")
def pieces() -> list[str]:
    return vocabulary.build(TEXTS)


@pytest.fixture(scope="module")
def tokenizer(pieces: list[str]) -> Any:
    from sentiment.model.tokenizer import Tokenizer

    return Tokenizer(pieces, max_seq_length=16, lower_case=True)


@pytest.fixture(scope="module")
def berts_own(pieces: list[str], tmp_path_factory: pytest.TempPathFactory) -> Any:
    from transformers import BertTokenizer

    file = tmp_path_factory.mktemp("vocabulary") / "vocab.txt"
    vocabulary.write(file, pieces)
    return BertTokenizer(str(file), do_lower_case=True)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_pieces_are_those_of_transformers(tokenizer: Any, berts_own: Any, text: str) -> None:
    assert tokenizer.pieces([text]).to_list()[0] == berts_own.convert_tokens_to_ids(berts_own.tokenize(text))


def test_a_cased_model_keeps_case_and_accents(tmp_path: Path) -> None:
    from transformers import BertTokenizer

    from sentiment.model.tokenizer import Tokenizer

    pieces = vocabulary.build(TEXTS, lower_case=False)
    vocabulary.write(tmp_path / "vocab.txt", pieces)
    theirs = BertTokenizer(str(tmp_path / "vocab.txt"), do_lower_case=False)
    ours = Tokenizer(pieces, max_seq_length=16, lower_case=False)
    for text in ("Café Über 好", "iPhone", "ＡＢＣ"):
        assert ours.pieces([text]).to_list()[0] == theirs.convert_tokens_to_ids(theirs.tokenize(text))


def test_a_special_piece_in_a_post_is_only_text(tokenizer: Any, berts_own: Any, pieces: list[str]) -> None:
    """The one difference on purpose: a stranger cannot put a real [SEP] or [PAD] into the input."""
    text = "好[SEP]吃[PAD]"
    assert pieces.index("[SEP]") in berts_own.convert_tokens_to_ids(berts_own.tokenize(text))
    assert not {pieces.index("[SEP]"), pieces.index("[PAD]")} & set(tokenizer.pieces([text]).to_list()[0])


def test_a_word_may_have_100_bytes(tokenizer: Any, berts_own: Any, pieces: list[str]) -> None:
    """The other difference: the limit counts bytes, so a run of 34 Hangul or kana characters is one [UNK] already."""
    word = "カ" * 34
    assert tokenizer.pieces([word]).to_list()[0] == [pieces.index("[UNK]")]
    assert len(berts_own.tokenize(word)) == 34


@pytest.mark.parametrize("text", [b"\xff\xfe", b"\xe5\xa5", b"\xed\xa0\x80", b"\xe5\xa5\xbd\xff\x00"])
def test_bytes_that_are_no_text_do_not_fail(tokenizer: Any, text: bytes) -> None:
    row = tokenizer.encode([text]).to_list()[0]
    assert row[0] == tokenizer.classify
    assert row[-1] == tokenizer.separator


def test_a_text_is_framed_and_cut(tokenizer: Any) -> None:
    rows = tokenizer.encode(["", "好", "好" * 50]).to_list()
    assert [len(row) for row in rows] == [2, 3, 16]
    assert all((row[0], row[-1]) == (tokenizer.classify, tokenizer.separator) for row in rows)


def test_no_rows_give_no_rows(tokenizer: Any) -> None:
    from sentiment.tensorflow_setup import tf

    assert tokenizer.encode(tf.constant([], tf.string)).shape[0] == 0


def test_a_pair_without_title_is_the_text_alone(tokenizer: Any) -> None:
    texts = ["好吃", "", "好" * 50]
    ids, segments = tokenizer.encode_pairs(["", "  ", ""], texts)
    assert ids.to_list() == tokenizer.encode(texts).to_list()
    assert not any(map(any, segments.to_list()))


def test_a_title_is_the_first_segment(tokenizer: Any, pieces: list[str]) -> None:
    ids, segments = tokenizer.encode_pairs(["標籤", ""], ["好讚", "好"])
    close, good, nice = tokenizer.separator, pieces.index("好"), pieces.index("讚")
    title = [pieces.index("標"), pieces.index("籤")]
    assert ids.to_list() == [[tokenizer.classify, *title, close, good, nice, close], [tokenizer.classify, good, close]]
    assert segments.to_list() == [[0, 0, 0, 0, 1, 1, 1], [0, 0, 0]]


def test_a_long_title_leaves_the_text_half_of_the_room(tokenizer: Any, pieces: list[str]) -> None:
    ids, segments = tokenizer.encode_pairs(["標" * 50, "標" * 50, "標"], ["好" * 50, "好", "好" * 50])
    assert [len(row) for row in ids.to_list()] == [16, 10, 16]
    assert [row.count(pieces.index("標")) for row in ids.to_list()] == [6, 6, 1]
    assert [row.count(pieces.index("好")) for row in ids.to_list()] == [7, 1, 12]
    assert [row.count(1) for row in segments.to_list()] == [8, 2, 13]
