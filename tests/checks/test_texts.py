"""Findings about posts by themselves."""

from __future__ import annotations

import pytest
from support.own_seconds import at_most

from sentiment.checks.texts import is_control, shown, too_long, unknown_to, with_control_characters
from sentiment.data.tsv import Post


def posts(*texts: str) -> list[Post]:
    return [Post(text, 0) for text in texts]


def test_a_share_with_its_examples() -> None:
    found = too_long(posts("短", "長" * 2001, "剛好" * 1000))
    assert found.value == pytest.approx(1 / 3) and len(found.examples) == 1
    assert too_long([]).value == 0.0


@pytest.mark.parametrize("character", ["\0", "\x1b", "\u202e", "\u200b", "\ufeff", "\ufffd", "\ue000", "\ud800"])
def test_what_nobody_types_is_a_control(character: str) -> None:
    assert is_control(character)
    assert with_control_characters(posts(f"好{character}吃", "好吃")).value == 0.5


@pytest.mark.parametrize("character", [*"a 好，！👍\u3000", "\u200d", "\ufe0f", "é"])
def test_what_people_type_is_none(character: str) -> None:
    assert not is_control(character)


def test_an_example_shows_what_cannot_be_seen() -> None:
    assert shown("好\u202e吃") == "好\\u202e吃"
    assert shown("長" * 200) == "長" * 120 + "…"


def test_characters_that_no_piece_holds_are_unknown() -> None:
    pieces = ["[UNK]", "好", "##吃", "a", "##b"]
    found = unknown_to(pieces, posts("好吃AB", "好 難 難"))
    assert found.value == pytest.approx(2 / 7) and list(found.examples) == ["難"]
    assert unknown_to(pieces, []).value == 0.0
    with at_most(5):  # not a minute
        assert unknown_to(pieces, posts("a" + "\u0301" * 40_000 + "\u0323" * 40_000)).value == 0.0
    assert unknown_to(pieces, [Post("好", 0, title="題")]).value == 0.5
