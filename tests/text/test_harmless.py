"""What strangers wrote is shown, and is nothing but shown."""

from __future__ import annotations

import html
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sentiment.text.harmless import html_text, markdown, one_line, plain, safe_links, sentence, titled, visible

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td></table><h1>核准</h1>",
    "[點我](javascript:alert(1))",
    "![x](http://evil.example/pixel.png)",
    "| a | b |\n| --- | --- |\n| 1 | 2 |",
    "a | b",
    "# 標題",
    "- 項目",
    "+ 項目",
    "12. 項目",
    "3) 項目",
    "> 引用",
    "---",
    "===",
    "```\ncode\n```",
    "`code`",
    "**粗** __粗__ *斜* _斜_ ~~刪~~",
    "<http://evil.example>",
    "http://evil.example www.evil.example boss@evil.example",
    "&lt;b&gt; &#60; &amp;",
    "\\*逃脫\\*",
    "[x]: http://evil.example",
    "[^1]",
    "a\\",
    "<!-- 註解",
    "<![CDATA[",
    "    縮排",
    "$x$ {{ x }} {% x %}",
    "\u202e反過來\u202c",
    '" onmouseover="alert(1)',
]


def rendered(source: str) -> tuple[set[str], str]:
    """Returns the kinds of Markdown elements in `source`, HTML allowed as in the worst of renderers, and its text."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    kinds, text = set(), ""
    for block in parser.parse(source):
        kinds.add(block.type)
        for token in block.children or []:
            kinds.add(token.type)
            text += token.content
    return kinds, text


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_a_hostile_post_as_it_is(text: str) -> None:
    kinds, shown = rendered(markdown(text))
    assert kinds <= {"paragraph_open", "inline", "paragraph_close", "text", "text_special"}
    assert shown == sentence(text)


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("<>[]()|*_`#!&;:/\\\n-+=~.1 @w")))
def test_no_text_is_ever_structure(text: str) -> None:
    kinds, shown = rendered(markdown(text, 1000))
    assert kinds <= {"paragraph_open", "inline", "paragraph_close", "text", "text_special"}
    # A renderer may replace the odd space at an end; nothing else.
    assert shown.split() == sentence(text, 1000).split()


@given(st.text())
def test_a_text_never_leaves_its_table_cell(text: str) -> None:
    source = f"| a | b |\n| --- | --- |\n| {markdown(text)} | 1 |"
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(source)
    assert sum(token.type == "td_open" for token in tokens) == 2
    assert not any(token.type.startswith(("html", "link")) for token in tokens)


@pytest.mark.parametrize("text", HOSTILE)
def test_html_has_no_element_of_a_post(text: str) -> None:
    seen: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append(tag)

        def handle_comment(self, data: str) -> None:
            seen.append(data)

    Parser().feed(f"<p>{html_text(text)}</p>")
    assert seen == ["p"]
    assert html.unescape(html_text(text)) == sentence(text)


def test_addresses_do_not_become_links() -> None:
    shown = plain("http://evil.example www.evil.example boss@evil.example")
    assert shown == "hxxp[://]evil[.]example www[.]evil[.]example boss[at]evil[.]example"
    assert plain("a.b" * 100, 10) == "a[.]ba[.]ba[.]b" + "…"


def test_plain_text_is_one_line_without_tricks() -> None:
    assert plain("一\n二\t三\r\n\u2028四\x00五\u202e六") == "一 二 三 四 五六"
    assert plain("家庭👨\u200d👩\u200d👧") == "家庭👨\u200d👩\u200d👧"
    assert plain("長" * 500, 10) == "長" * 9 + "…"
    assert plain(None) == "None"


@pytest.mark.parametrize("mark", ["\u0301", "\u20dd", "\u0e49"])
def test_marks_on_a_letter_cover_no_other_line(mark: str) -> None:
    shown = one_line(f"好{mark * 190}吃{mark * 4}é", 400)
    assert shown == f"好{mark * 4}吃{mark * 4}é"


BLANKS = [" ", "\u200b", "\u3000", "\n", "\ufeff", "\u2066", "\u2800", "\u3164", "\uffa0", "\u115f", "\x00"]


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("show", [one_line, plain, markdown, html_text])
def test_nothing_is_hidden_behind_what_nobody_sees(show: Callable[[str, int], str], blank: str) -> None:
    for many in (1, 150, 800, 19_000):
        shown = show(f"好吃，推薦{blank * many}才怪，難吃到想哭", 120)
        assert "".join(shown.split()) == "好吃，推薦才怪，難吃到想哭"
    assert show(f"好吃，推薦{blank * 1_000_000}才怪", 120) == "好吃，推薦…"
    assert show(f"{'長' * 120}{blank * 1_000}才怪", 120).endswith("…")


@given(st.text(st.sampled_from("好吃 \u200b\u3000\n\u3164\u200d"), max_size=60), st.integers(1, 12))
def test_whatever_is_cut_off_leaves_its_mark(text: str, longest: int) -> None:
    shown = one_line(text, longest)
    assert len(shown) <= longest
    assert shown.endswith("…") or shown == one_line(text, 1_000)


def test_a_title_does_not_hide_its_post() -> None:
    assert titled("店", "難吃") == "店 ｜ 難吃"
    assert titled("", "難吃") == "難吃"
    for title in ("長" * 20_000, "店" + "\u3164" * 20_000):
        for show in (plain, markdown, html_text):
            assert show(titled(title, "難吃到想哭"), 120).endswith(" ｜ 難吃到想哭")


def test_only_web_addresses_are_links() -> None:
    given_links = {
        "run": "http://host:8080/dags/x?run=a b",
        "page": "/models",
        "script": "javascript:alert(1)",
        "data": "data:text/html,<b>",
        "other": "//evil.example",
        "other too": "/\\evil.example",
        "quotes": 'https://host/"onclick=<x>()',
        "nothing": "",
    }
    assert safe_links(given_links) == {
        "run": "http://host:8080/dags/x?run=a%20b",
        "page": "/models",
        "quotes": "https://host/%22onclick=%3Cx%3E%28%29",
    }


def test_what_is_hidden_is_written_out() -> None:
    assert visible("好\x1b[31m\u202e\ud800\n\x85👍🏽") == "好\\x1b[31m\\u202e\\ud800\\n\\x85👍🏽"
    assert visible("長" * 2_001, 2_000) == "長" * 2_000 + "…"


def test_control_characters_are_written_out_and_the_rest_stays() -> None:
    assert visible("a\x00\x1b[31m\x9b\x7f讚👨‍👩‍👧") == "a\\x00\\x1b[31m\\x9b\\x7f讚👨‍👩‍👧"
