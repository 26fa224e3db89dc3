"""The identity of a text, and the side that it stands on for ever."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data.identity import identity, identity_1, is_rolling, normalise, words_of
from sentiment.text.invisible import is_blank

SALT = b"secret"
SPACE = " \t\n\u3000\u00a0\u2028"
INVISIBLE = "\u200b\u200d\ufeff\u2060\ufe0f\u00ad\u3164\u2800\u115f\u202e\u0000\u034f\U000e0041\U000e0101"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("推:顏色好美!", "推：顏色好美！"),
        ("ＮＢＡ　總冠軍", "nba總冠軍"),
        ("Straße", "STRASSE"),
        ("這家店 超棒的~~", "這家店超棒的~~"),
        ("好\u200b吃", "好吃"),
        ("①樓", "1樓"),
        ("讚\ufe0f", "讚"),
        ("❤️", "❤"),
        ("👍 👍", "👍👍"),
        ("\u3164好\u3164吃", "好吃"),
        ("e\u200b\u0301", "é"),
        ("好¨吃", "好 \u0308吃"),
    ],
)
def test_what_a_repost_changes_makes_no_other_text(text: str, same: str) -> None:
    assert identity(text) == identity(same)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("推:好", "噓:好"),
        ("👍", "👎"),
        ("❤️", "☹️"),
        ("!!", "??"),
        ("\ue000好", "\ue001好"),
        ("一", "ー"),
        ("這家店👍", "這家店👎"),
        ("喔 😍", "喔 😡"),
        ("評分 3.5", "評分 35"),
        ("CP值-5", "CP值 5"),
        ("CP值+5", "CP值−5"),
        ("好吃?", "好吃!"),
        ("好吃？", "好吃"),
        ("A+", "A-"),
        ("👨‍👩‍👧", "👨‍👩‍👦"),
        ("1️⃣", "1"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
         "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"),
        ("👍🏻", "👍🏿"),
        ("3:5", "3.5"),
        ("100%", "100"),
    ],
)  # fmt: skip
def test_other_texts_stay_apart(text: str, other: str) -> None:
    assert identity(text) != identity(other)


@given(st.text(), st.text(SPACE + INVISIBLE), st.data())
def test_what_nobody_sees_makes_no_other_text(text: str, unseen: str, data: st.DataObject) -> None:
    if "\U0001f3f4" in text:  # tags behind a black flag make the flag of a country
        return
    places = data.draw(st.lists(st.integers(0, len(text)), min_size=len(unseen), max_size=len(unseen)))
    stuffed = text
    for place, character in zip(sorted(places, reverse=True), unseen, strict=True):
        stuffed = stuffed[:place] + character + stuffed[place:]
    assert identity(stuffed) == identity(text)


@given(st.text())
def test_width_makes_no_other_text(text: str) -> None:
    assert identity(unicodedata.normalize("NFKC", text)) == identity(text)


@given(st.text())
def test_case_makes_no_other_text(text: str) -> None:
    assert identity(text.casefold()) == identity(text)


@given(st.text())
def test_the_normal_form_is_its_own(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


# What is seen and means something: a character of each may not be dropped or taken for another.
MEANING = st.sampled_from("?!.,+-−±×%$#@*/=<>~^…。，、「」😍😡👍👎🔥💩❤☹♂♀①") | st.characters(
    categories=("So", "Po", "Sm")
)


@given(st.text("好吃難A5"), MEANING, st.text("好吃難A5"))
def test_a_sign_or_an_emoji_makes_another_text(before: str, sign: str, after: str) -> None:
    if is_blank(sign):  # Braille's blank is a symbol by its category
        return
    assert identity(before + sign + after) != identity(before + after)


@given(st.text("好吃難5"), MEANING, MEANING)
def test_two_signs_make_two_texts(before: str, one: str, other: str) -> None:
    forms = [unicodedata.normalize("NFKC", sign).casefold() for sign in (one, other)]
    same = normalise(one) == normalise(other)
    assert (identity(before + one) == identity(before + other)) == same
    assert same or forms[0] != forms[1]


@pytest.mark.parametrize(
    "text", ["\u200b", "\ufeff\u2060", "\u3164", "\u2800\u2800", "\ufe0f", "\ufffd\ufffd", "\u00ad", ""]
)
def test_nothing_can_be_read_in_a_blank_text(text: str) -> None:
    assert is_blank(text)


@given(st.text(SPACE + INVISIBLE + "\ufffd"), st.sampled_from("好a.👍\u3105"))
def test_a_text_is_blank_until_there_is_something_to_read(unseen: str, seen: str) -> None:
    assert is_blank(unseen)
    assert not is_blank(unseen + seen)


def test_the_identity_never_changes() -> None:
    # These values are in ledgers: a change of the rule needs a new version, and a migration.
    assert identity("推:顏色好美！") == "cd1e4c36a1980f41e147332dc2d94595"
    assert identity("👍") == "5d57d39e6b7d8ea050980e6665bb1da3"
    assert identity_1("推:顏色好美！") == "bd1b7f4fa3e4fd19d1c99b7142b35009"
    assert identity_1("👍") == "5d57d39e6b7d8ea050980e6665bb1da3"


def test_the_words_of_a_text_of_symbols_are_itself() -> None:
    assert words_of(" 👍 ") == "👍"
    assert words_of("推:好~吃!") == "推好吃"
    assert words_of("") == ""


@given(st.text())
def test_every_text_has_an_identity_of_32_hex_digits(text: str) -> None:
    assert len(identity(text)) == 32
    assert int(identity(text), 16) >= 0


@given(st.text(), st.floats(0, 1), st.floats(0, 1), st.binary(max_size=64))
def test_a_larger_share_only_adds_texts(text: str, share: float, other: float, salt: bytes) -> None:
    low, high = sorted((share, other))
    assert is_rolling(identity(text), high, salt) or not is_rolling(identity(text), low, salt)


def test_the_share_is_kept() -> None:
    chosen = sum(is_rolling(identity(f"第{number}篇"), 0.2, SALT) for number in range(10_000))
    assert 1_850 < chosen < 2_150
    assert not is_rolling(identity("推"), 0.0, SALT)
    assert is_rolling(identity("推"), 1.0, SALT)


def test_another_home_chooses_other_texts() -> None:
    texts = [identity(f"第{number}篇") for number in range(10_000)]
    mine, theirs = ({text for text in texts if is_rolling(text, 0.2, salt)} for salt in (SALT, b"another"))
    assert 300 < len(mine & theirs) < 500, "a fifth of a fifth: to know the one tells nothing of the other"
