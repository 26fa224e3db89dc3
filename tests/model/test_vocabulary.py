from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.errors import InputError
from sentiment.model import vocabulary


def test_big5_level_one_is_the_5401_common_characters() -> None:
    characters = list(vocabulary.big5(0xA4, 0xC6))
    assert len(characters) == len(set(characters)) == 5401
    assert (characters[0], characters[-1]) == ("一", "籲")


def test_a_vocabulary_starts_with_the_special_pieces_and_has_no_piece_twice() -> None:
    pieces = vocabulary.build(["推:好吃", "推:難吃"])
    assert pieces[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert len(pieces) == len(set(pieces))
    assert all(piece and not any(map(str.isspace, piece)) for piece in pieces)


def test_characters_that_the_text_lacks_are_there_for_a_later_warm_start() -> None:
    pieces = set(vocabulary.build(["好"]))
    assert {"滷", "a", "##a", "7", "##7", "!", "，", "ㄏ", "##ㄏ"} <= pieces
    assert "A" not in pieces  # lower-cased text never asks for it


def test_every_character_of_the_text_and_its_repeated_words_are_pieces() -> None:
    pieces = set(vocabulary.build(["iPhone超讚😂😂", "iPhone 囧rz", "堃"]))
    assert {"iphone", "😂", "##😂", "囧", "堃", "##z"} <= pieces
    assert "rz" not in pieces  # seen once only


@pytest.mark.parametrize("text", ["", "\u200b\x00\ufeff", "\ud800", "\n\t　"])
def test_text_of_nothing_visible_adds_nothing(text: str) -> None:
    assert vocabulary.build([text]) == vocabulary.build([])


def test_control_characters_are_removed_and_part_no_word() -> None:
    assert vocabulary.split("好\0吃 go\x0bod\x85\tx", lower_case=True) == ["好", "吃", "good", "x"]


def test_case_is_kept_where_it_matters() -> None:
    assert {"A", "##A", "é"} <= set(vocabulary.build(["Aé"], lower_case=False))
    assert vocabulary.split("Café 好", lower_case=True) == ["cafe", "好"]


def test_order_depends_on_nothing_but_the_texts() -> None:
    texts = ["好棒 abc", "abc 堃 煊", "xyz xyz"]
    assert vocabulary.build(texts) == vocabulary.build(list(reversed(texts)))


def test_a_vocabulary_file_reads_back(tmp_path: Path) -> None:
    pieces = vocabulary.build(["好吃", "xyz xyz"])
    vocabulary.write(tmp_path / "vocab.txt", pieces)
    assert vocabulary.read(tmp_path / "vocab.txt") == pieces


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n", "without [MASK]"),
        (b"[UNK]\n[PAD]\n[CLS]\n[SEP]\n[MASK]\n", "starts with '[UNK]'"),
        (b"", "without [PAD]"),
        (b"\xff\xfe", "utf-8"),
    ],
)
def test_what_is_no_vocabulary_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "vocab.txt").write_bytes(content)
    with pytest.raises(InputError, match=message.replace("[", r"\[").replace("]", r"\]")):
        vocabulary.read(tmp_path / "vocab.txt")


def test_a_missing_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        vocabulary.read(tmp_path / "vocab.txt")
