"""The identity of a text, and the side that it stands on for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data.identity import identity, is_rolling, normalise


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("推:顏色好美！", "推：顏色好美"),
        ("ＮＢＡ　總冠軍", "nba總冠軍"),
        ("Straße", "STRASSE"),
        ("這家店 超棒的~~", "這家店超棒的"),
        ("好\u200b吃", "好吃"),
        ("①樓", "1樓"),
        ("讚\ufe0f", "讚"),
    ],
)
def test_what_a_repost_changes_makes_no_other_text(text: str, same: str) -> None:
    assert identity(text) == identity(same)


@pytest.mark.parametrize(
    ("text", "other"),
    [("推:好", "噓:好"), ("👍", "👎"), ("❤️", "☹️"), ("!!", "??"), ("\ue000好", "\ue001好"), ("一", "ー")],
)
def test_other_texts_stay_apart(text: str, other: str) -> None:
    assert identity(text) != identity(other)


def test_a_text_of_symbols_is_its_own_normal_form() -> None:
    assert normalise(" 👍 ") == "👍"
    assert normalise("") == ""


def test_the_identity_never_changes() -> None:
    # These values are in ledgers: a change of the rule would forget every text that was ever accepted.
    assert identity("推:顏色好美！") == "bd1b7f4fa3e4fd19d1c99b7142b35009"
    assert identity("👍") == "5d57d39e6b7d8ea050980e6665bb1da3"


@given(st.text())
def test_every_text_has_an_identity_of_32_hex_digits(text: str) -> None:
    assert len(identity(text)) == 32
    assert int(identity(text), 16) >= 0


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_only_adds_texts(text: str, share: float, other: float) -> None:
    low, high = sorted((share, other))
    assert is_rolling(identity(text), high) or not is_rolling(identity(text), low)


def test_the_share_is_kept() -> None:
    chosen = sum(is_rolling(identity(f"第{number}篇"), 0.2) for number in range(10_000))
    assert 1_850 < chosen < 2_150
    assert not is_rolling(identity("推"), 0.0)
    assert is_rolling(identity("推"), 1.0)
