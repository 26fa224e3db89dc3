"""The tokenizer against transformers' own, and against text that means harm."""

from __future__ import annotations

import random
import time
import unicodedata
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


# Unicode 3.2: later versions are not the same in Python and in TF-Text. Private characters BERT's own code kept.
KNOWN = [
    character
    for character in map(chr, range(0x30000))
    if unicodedata.ucd_3_2_0.category(character) not in ("Cn", "Co", "Cs")
]
CONTROLS = [character for character in KNOWN if unicodedata.category(character) in ("Cc", "Cf")]
EVERYDAY = "好吃難又貴店家abcXYZé 12　，！.…\t\n"


def random_texts(count: int, *, composed: bool) -> list[str]:
    """Returns texts of everyday, control and any other characters; `composed`: of those that NFC leaves as they are."""
    draw = random.Random(2026)
    kinds = (EVERYDAY, CONTROLS, KNOWN)
    texts = ["".join(draw.choice(draw.choice(kinds)) for _ in range(12)) for _ in range(count)]
    return [unicodedata.normalize("NFC", text) for text in texts] if composed else texts


@pytest.mark.parametrize("lower_case", [True, False])
def test_random_unicode_has_the_pieces_of_transformers(tmp_path: Path, lower_case: bool) -> None:
    """Of the cased tokenizer only composed text: transformers composes there, which BERT never did."""
    from transformers import BertTokenizer

    from sentiment.model.tokenizer import Tokenizer

    texts = [f"a{character}b 好{character}吃" for character in KNOWN if character not in ("好", "吃")][::7]
    texts += [f"a{character}b 好{character}吃" for character in CONTROLS]
    texts += random_texts(4000, composed=not lower_case)
    if not lower_case:
        texts = [unicodedata.normalize("NFC", text) for text in texts]
    pieces = vocabulary.build([*EVERYDAY, "ab"] * 2, lower_case=lower_case)
    vocabulary.write(tmp_path / "vocab.txt", pieces)
    theirs = BertTokenizer(str(tmp_path / "vocab.txt"), do_lower_case=lower_case)
    found = Tokenizer(pieces, max_seq_length=64, lower_case=lower_case).pieces(texts).to_list()
    wanted = [theirs.convert_tokens_to_ids(theirs.tokenize(text)) for text in texts]
    assert [text for text, ours, own in zip(texts, found, wanted, strict=True) if ours != own] == []


@pytest.mark.parametrize("lower_case", [True, False])
def test_control_characters_go_and_nothing_else_does(pieces: list[str], lower_case: bool) -> None:
    from sentiment.model.tokenizer import Tokenizer

    tokenizer = Tokenizer(pieces, max_seq_length=64, lower_case=lower_case)
    whole, *others = tokenizer.encode(
        ["好吃難吃又貴 ab", "好吃\0難吃又貴 ab", "\0好\x01吃\x0b難\x1f吃\x7f又\x85貴\ta\x0cb\0", "好吃難吃又貴\r\nab"]
    ).to_list()
    assert others == [whole] * 3
    assert len(whole) >= 9
    ids, _ = tokenizer.encode_pairs(["店\0家"], ["好\0吃"])
    assert ids.to_list() == tokenizer.encode_pairs(["店家"], ["好吃"])[0].to_list()


def test_of_a_piece_that_is_there_twice_the_last_line_counts(tmp_path: Path) -> None:
    from transformers import BertTokenizer

    from sentiment.model.tokenizer import Tokenizer

    lines = [*vocabulary.SPECIAL, "好", "a", "##b", "好", "[CLS]", "吃", "##b", "[SEP]", "[row 5 of 15]", "", "吃"]
    vocabulary.write(tmp_path / "vocab.txt", lines)
    pieces = vocabulary.read(tmp_path / "vocab.txt")
    assert pieces == lines  # no row moves: each has its embedding
    theirs = BertTokenizer(str(tmp_path / "vocab.txt"))
    ours = Tokenizer(pieces, max_seq_length=16, lower_case=True)
    for text in ("好吃", "ab好", "[row 5 of 15]好", "[CLS]x"):
        assert ours.encode([text]).to_list()[0] == theirs.encode(text.replace("[CLS]", "[ CLS ]"))
    assert ours.encode(["好吃 ab"]).to_list() == [[9, 8, 15, 6, 11, 12]]


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


MARKS = [character for character in KNOWN if unicodedata.category(character).startswith("M")]


@pytest.mark.parametrize("lower_case", [True, False])
def test_up_to_thirty_marks_in_a_row_change_no_piece(
    pieces: list[str], lower_case: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentiment.model import tokenizer

    draw = random.Random(2026)

    def run() -> str:
        return draw.choice(EVERYDAY) + "".join(draw.choices(MARKS, k=draw.choice([0, 0, 1, 2, 29, 30])))

    texts = [*TEXTS, *KNOWN[::13], *random_texts(500, composed=False)]
    texts += ["".join(run() for _ in range(6)) for _ in range(1000)]
    texts += [f"a{mark * 30}b" for mark in MARKS]
    found = tokenizer.Tokenizer(pieces, max_seq_length=64, lower_case=lower_case).pieces(texts).to_list()
    monkeypatch.setattr(tokenizer, "few_marks", lambda texts: texts)
    uncut = tokenizer.Tokenizer(pieces, max_seq_length=64, lower_case=lower_case).pieces(texts).to_list()
    assert [text for text, ours, before in zip(texts, found, uncut, strict=True) if ours != before] == []


def test_whatever_the_operation_puts_in_order_is_left_out_or_counted() -> None:
    """TF-Text has a Unicode of its own; a mark that only it knows could still stand in a long run."""
    from sentiment.model.tokenizer import few_marks
    from sentiment.tensorflow_setup import tf_text

    signs = map(chr, range(0x300, 0x110000))
    marks = [sign for sign in signs if unicodedata.category(sign) in ("Mn", "Mc", "Me", "Cn")]
    moves = tf_text.normalize_utf8([f"a{mark}\u0334" for mark in marks], "NFD").numpy()
    moved = [mark for mark, found in zip(marks, moves, strict=True) if found.decode()[1] == "\u0334"]
    left = few_marks([mark * 40 for mark in moved]).numpy()
    assert len(moved) > 800
    assert [mark for mark, found in zip(moved, left, strict=True) if len(found.decode()) > 30] == []


@pytest.mark.parametrize(
    "run",
    [
        "\u0301" * 80_000 + "\u0323" * 80_000,
        "\u302e" * 80_000 + "\u1b44" * 80_000,
        "\u0301\u200d\u0323" * 50_000,
        "".join(random.Random(1).choices(MARKS, k=100_000)),
        "".join("a" + "".join(random.Random(seed).choices(MARKS, k=31)) for seed in range(3000)),
        "".join("a" + "".join(random.Random(seed).choices("\u1b44\u302e\uaaf6", k=40)) for seed in range(3000)),
    ],
    ids=["accents", "others", "joined", "every mark", "short runs", "short runs of others"],
)
def test_a_text_of_marks_takes_no_time(tokenizer: Any, run: str) -> None:
    began = time.process_time()
    tokenizer.pieces(["a" + run])
    assert time.process_time() - began < 5
