"""No address of a stranger's post becomes a link in a mail, and all else stays as it was written."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.addresses import ADDRESSES, PIECES, links_in
from support.own_seconds import at_most

from sentiment.text.defanged import defanged, unlinked
from sentiment.text.harmless import html_text, markdown, plain


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_no_link_any_more_and_can_still_be_read(address: str) -> None:
    assert links_in(address), "the test's own mail program makes a link of it"
    broken = defanged(address)
    assert links_in(broken) == []
    read = broken.replace("[at]", "@").replace("hxxp", "http")
    assert re.sub(r"\[(://|[:.。．｡])\]", r"\1", read) == address.replace("HTTP", "http").replace("hxxp", "http")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://evil.example/login", "hxxps[://]evil[.]example/login"),
        ("hxxp://evil.example", "hxxp[://]evil[.]example"),
        ("boss@mail.evil.example", "boss[at]mail[.]evil[.]example"),
        ("http://192.0.2.1:8501", "hxxp[://]192[.]0[.]2[.]1:8501"),
        ("快看 bank24.рф/x 或 1.网店", "快看 bank24[.]рф/x 或 1[.]网店"),
    ],
)
def test_it_is_broken_as_the_trade_breaks_it(address: str, shown: str) -> None:
    assert defanged(address) == shown


@pytest.mark.parametrize(
    "text",
    [
        "今天的電影真好看,3.5顆星!只要99.9元。下次再來…好不好...",
        "看24.首先 12.再次 1.首先 2.其次 3.5 -0.25 .5 1,200.75 0.842 → 0.763",
        "//@小明:轉發 你好@小明 @tom 馬丁．路德 金。好",
        "版本 3.3.2 於 2026-11-27T08:00:00.123456+08:00, 8:30 開始",
        "gate.json, serving/probes.jsonl and /data/2026-11-22.tsv; models.config",
        "Accuracy fell by 7.8 percentage points (0.842 → 0.763), the limit is 5.0. 2 other checks failed too.",
        "SENTIMENT_CHECK_… `sentiment status` 100.0 %",
    ],
)
def test_chinese_numbers_and_our_own_words_stay(text: str) -> None:
    assert defanged(text) == text


@given(st.lists(PIECES, max_size=12).map("".join))
@example("a.b.json")
def test_no_text_has_a_link_afterwards(text: str) -> None:
    broken = defanged(text)
    assert links_in(broken) == [] and defanged(broken) == broken
    assert links_in(plain(text)) == []


@given(st.text())
def test_no_text_at_all_has_a_link_afterwards(text: str) -> None:
    assert links_in(defanged(text)) == []


@given(
    st.text(
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)
        | st.sampled_from("，。！？、：；「」…（） 0123456789")
    )
)
def test_chinese_text_is_never_changed(text: str) -> None:
    assert defanged(text) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_a_number_is_never_changed(number: object) -> None:
    assert defanged(f"約{number}元 {number}.") == f"約{number}元 {number}."


@pytest.mark.parametrize(
    "text", ["@" * 1000, "a@" * 500, "a." * 500, "1." * 500, "mailto:" * 150, "." * 1000, "a@" + "b-" * 500]
)
def test_no_text_takes_long(text: str) -> None:
    with at_most(2):
        defanged(text)


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_shown_keeps_it_so(address: str) -> None:
    unescaped = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), markdown(address))
    assert links_in(unescaped) == [] and unescaped == plain(address)
    assert links_in(html_text(address)) == []


OWN = ("http://127.0.0.1:8501", "https://serving:8501")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "found 'https://evil.example/x' and WWW.evil.example",
            "found 'hxxps[://]evil.example/x' and www[.]evil.example",
        ),
        (
            "http://127.0.0.1:8501 and https://serving:8501/v1 answer",
            "http://127.0.0.1:8501 and https://serving:8501/v1 answer",
        ),
        ("http://127.0.0.1:8501.evil.example", "hxxp[://]127.0.0.1:8501.evil.example"),
        ("http://127.0.0.1:8501@evil.example", "hxxp[://]127.0.0.1:8501@evil.example"),
        ("a::group::x b::ENDGROUP::.tsv c::d", "a: :group::x b: :ENDGROUP::.tsv c::d"),
        ("https://serving:85012", "hxxps[://]serving:85012"),
        (
            "http://127.0.0.1:8501: late; 'https://serving:8501', too.",
            "http://127.0.0.1:8501: late; 'https://serving:8501', too.",
        ),
        *(
            (f"http://127.0.0.1:8501{sign}@evil.example/login", f"hxxp[://]127.0.0.1:8501{sign}@evil.example/login")
            for sign in (*";,!$&'()*+=~%_[]|^`\\<>\"{}", ":a", "\x1c", "\x85", "\u2028", "\u3000", "%20", ".,")
        ),
        ("sentiment.errors, model.json, ann@example.com", "sentiment.errors, model.json, ann@example.com"),
    ],
)
def test_a_line_of_a_log_has_no_links_but_our_own(line: str, shown: str) -> None:
    assert unlinked(line, OWN) == shown
