"""What a vocabulary costs is known before a tokenizer is built from it; where none can be, it is one line."""

from __future__ import annotations

import random
import string
from pathlib import Path

import pytest
from support.own_seconds import at_most

from sentiment.errors import InputError
from sentiment.model import piece_trie, vocabulary
from sentiment.model.tokenizer import Tokenizer


def words(number: int, length: int, before: str = "") -> list[str]:
    draw = random.Random(1)
    return [before + "".join(draw.choices(string.ascii_lowercase, k=length)) for _ in range(number)]


def written(path: Path, pieces: list[str]) -> Path:
    vocabulary.write(path, [*vocabulary.SPECIAL, *pieces])
    return path


@pytest.mark.parametrize(
    ("pieces", "found"),
    [([], 0), (["a"], 1), (["a", "ab", "abc"], 3), (["abc", "abd", "b"], 5), (["好", "妹", "好吃"], 8), (["", ""], 0)],
)
def test_a_node_is_a_beginning_in_bytes(pieces: list[str], found: int) -> None:
    assert piece_trie.nodes(pieces) == found
    assert found == len({piece.encode()[:end] for piece in pieces for end in range(1, len(piece.encode()) + 1)})


def test_a_vocabulary_that_takes_gigabytes_is_refused_at_once(tmp_path: Path) -> None:
    """As it was, one of 16 MB took 33 seconds and 3.9 GB."""
    path = written(tmp_path / "vocab.txt", words(21_000, 100))
    with at_most(5), pytest.raises(InputError, match=r"taken together; found 2,\d{3},\d{3} in .*vocab\.txt"):
        vocabulary.read(path)


def test_so_is_one_of_more_lines_than_an_encoder_has_embeddings(tmp_path: Path) -> None:
    path = written(tmp_path / "vocab.txt", ["a"] * 1_000_000)
    with at_most(5), pytest.raises(InputError, match="1,000,005 lines, more than 1,000,000"):
        vocabulary.read(path)


def test_as_many_pieces_as_a_hundred_languages_have_are_taken(tmp_path: Path) -> None:
    """LaBSE has 501,153 pieces in 5 MB."""
    pieces = [f"{word}{end}" for word in words(50_000, 6) for end in string.ascii_lowercase[:10]]
    assert len(vocabulary.read(written(tmp_path / "vocab.txt", pieces))) > 500_000


def test_a_piece_that_is_longer_than_any_word_costs_nothing(tmp_path: Path) -> None:
    longest = "a" * piece_trie.LONGEST_WORD
    path = written(tmp_path / "vocab.txt", [longest, longest + "a", *words(60_000, 240)])
    pieces = vocabulary.read(path)
    assert pieces[6] == longest + "a", "no row moves: each has its embedding"
    tokenizer = Tokenizer(pieces[:100], max_seq_length=16, lower_case=True)
    assert tokenizer.pieces([longest, longest + "a"]).to_list() == [[5], [1]]


def test_a_piece_that_is_there_a_million_times_costs_little(tmp_path: Path) -> None:
    path = written(tmp_path / "vocab.txt", ["好"] * 800_000)
    assert len(vocabulary.read(path)) == 800_005


def test_pieces_with_too_many_ways_on_are_one_line() -> None:
    """As it was, the tokenizer's own words came as a stack trace."""
    ends = [f"##{letter}" for letter in string.ascii_lowercase]
    pieces = [*vocabulary.SPECIAL, *ends, *words(8_000, 100, "##")]
    with pytest.raises(InputError, match="that the tokenizer can be built from; found Failure pops") as raised:
        Tokenizer(pieces, max_seq_length=16, lower_case=True)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("piece", ["\0", "a\0b", "##\0"])
def test_so_is_a_nul_in_a_piece(piece: str) -> None:
    with pytest.raises(InputError, match="that the tokenizer can be built from"):
        Tokenizer([*vocabulary.SPECIAL, "a", piece], max_seq_length=16, lower_case=True)
