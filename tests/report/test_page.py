"""The page is valid and safe whatever the posts hold, and complete whatever the report lacks."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from support.reports import MakeReport, answers, posts_of

from sentiment.data.tsv import Post
from sentiment.language import speaking
from sentiment.report.page import render

SELF_CLOSED = ("path", "circle", "rect")
OURS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer", "h1", "h2", "h3", "p"),
    *("dl", "dt", "dd", "ol", "ul", "li", "div", "span", "b", "i", "bdi", "code", "small", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td", "figure", "svg", "g", "path", "circle", "rect", "text", "desc"),
}
HOSTILE = [
    "<script>alert(1)</script>",
    "</style><script>alert(2)</script><style>",
    "<img src=x onerror=alert(3)>",
    '"><svg onload=alert(4)>',
    "{{ 7 * 7 }}{% raw %}",
    "‮مرحبا بالعالم‬ שלום",
    "👩‍👩‍👧‍👦🏳️‍🌈" * 10,
    "字" * 5000,
    "no\x00t\x1b[31m\x7f a c\x85ontrol",
    "half a character \ud83d and a noncharacter \ufffe",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞",
    "https://example.com/?a=1&b=<2>&amp;",
]


class Page(HTMLParser):
    """Collects tags, ids, attributes and text, and fails when an element is not closed where it should be."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag != "meta":
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        assert self._open.pop() in SELF_CLOSED

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        self.text += " " if tag in ("td", "th", "dt", "dd", "p", "li") else ""

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.text += data


def text_of(page: Page) -> str:
    return " ".join(page.text.split())


def test_it_holds_every_part(make_report: MakeReport) -> None:
    page = Page(render(make_report(watermark=12, run="manual__1")))
    text = text_of(page)
    for heading in (
        "Learning curves",
        "Confusion matrix",
        "By label",
        "Compared with the linear baseline",
        "Can you trust its confidence?",
        "Slices",
        "By source",
        "By marker",
        "By title",
        "The most confident mistakes",
        "Hyperparameters",
        "Versions",
    ):
        assert heading in text
    assert "up to delivery 12" in text
    assert "sha256 abababababababab…" in text
    assert "learning rate 0.001" in text
    assert "scratch/toy, trained on 60 posts" in text
    assert page.tags <= OURS
    assert len(page.ids) == len(set(page.ids))


def test_it_is_self_contained_and_small(make_report: MakeReport) -> None:
    html = render(make_report())
    assert len(html.encode()) < 100_000
    assert "<script" not in html
    assert not re.search(r"[^-]src|href|url\(|@import", html)
    assert "http" not in html.replace("http-equiv", "")


def test_every_drawing_has_a_text_for_who_cannot_see_it(make_report: MakeReport) -> None:
    html = render(make_report())
    drawings = re.findall(r"<(?:svg|span|div)[^>]*role=\"img\"[^>]*>", html)
    assert len(drawings) > 10
    assert all("aria-label=" in drawing or "aria-labelledby=" in drawing for drawing in drawings)
    assert html.count("<svg") == html.count('<svg class="chart')
    ids = {label for group in re.findall(r'aria-labelledby="([^"]*)"', html) for label in group.split()}
    assert ids <= set(re.findall(r'id="([^"]*)"', html))


def test_no_markup_of_a_post_comes_through(make_report: MakeReport) -> None:
    posts = [Post(text, 0, title=text, source=text) for text in HOSTILE]
    html = render(make_report(test=posts, probabilities=np.array([[0.1, 0.9, 0.0]] * len(posts)), run=HOSTILE[0]))
    page = Page(html)
    assert page.tags <= OURS
    assert not any(name.startswith("on") or value.strip().startswith("javascript") for name, value in page.attributes)
    assert {name for name, _ in page.attributes} <= {
        *(
            "lang",
            "charset",
            "name",
            "content",
            "http-equiv",
            "class",
            "role",
            "style",
            "scope",
            "colspan",
            "dir",
            "id",
            "tabindex",
        ),
        *("viewbox", "d", "x", "y", "cx", "cy", "r", "width", "height", "transform", "text-anchor"),
        *("aria-label", "aria-labelledby"),
    }
    assert "<script>alert(1)</script>" in page.text  # as text
    assert "{{ 7 * 7 }}{% raw %}" in page.text
    assert "字" * 299 + "…" in page.text
    assert "字" * 300 not in page.text
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]", html)


def test_names_of_labels_are_only_text(make_report: MakeReport) -> None:
    page = Page(render(make_report(labels=("<b>好</b>", "'\"><i>壞"))))
    assert page.tags <= OURS
    assert "<b>好</b>" in page.text


@pytest.mark.parametrize("labels", [2, 5])
def test_other_label_sets(make_report: MakeReport, labels: int) -> None:
    names = [f"第{number}類" for number in range(labels)]
    page = Page(render(make_report(labels=names)))
    assert page.text.count("第0類") >= 4


def test_one_row_one_epoch_and_nothing_held_out(make_report: MakeReport) -> None:
    post = posts_of(1)
    report = make_report(test=post, probabilities=np.array([[0.9, 0.1, 0.0]]), epochs=1, held_out=False)
    text = text_of(Page(render(report)))
    assert "1 test post;" in text
    assert "There are none: every answer is right." in text
    assert "No rows were held out" in text


def test_without_test_rows_nothing_is_claimed(make_report: MakeReport) -> None:
    report = make_report(test=[])
    assert "analysis" not in report
    text = text_of(Page(render(report)))
    assert "was not tested" in text
    assert "It is not known how good the model is." in text
    assert "Confusion matrix" not in text
    assert "Learning curves" in text


def test_a_baseline_that_is_not_to_be_had_says_why(make_report: MakeReport) -> None:
    report = make_report(train=[Post("好", 0)])
    assert report["baseline"] == {
        "available": False,
        "reason": "it needs training rows of at least two labels, but there are rows of 1",
    }
    assert "Not available: it needs training rows of at least two labels, but there are rows of 1." in text_of(
        Page(render(report))
    )


def test_a_warm_start_is_told_beside_the_baseline(make_report: MakeReport) -> None:
    assert "continued from an earlier one" in text_of(Page(render(make_report(warm_start="cd" * 32))))


def test_a_label_that_is_never_true_nor_predicted_has_no_figures(make_report: MakeReport) -> None:
    test = [post for post in posts_of(60) if post.label != 2]
    given = answers(test)
    given[:, 2] = 0
    text = text_of(Page(render(make_report(test=test, probabilities=given))))
    assert "中立 – – – 0" in text


def test_a_slice_that_stands_out_is_marked_in_words(make_report: MakeReport) -> None:
    test = [Post("短", 0)] * 100 + [Post("長" * 70, 0)] * 100
    right = np.array([[0.9, 0.1, 0.0]] * 100 + [[0.1, 0.9, 0.0]] * 60 + [[0.9, 0.1, 0.0]] * 40)
    text = text_of(Page(render(make_report(test=test, probabilities=right))))
    assert "▼ worse" in text
    assert "▲ better" in text


def test_thousands_of_epochs_stay_a_small_page(make_report: MakeReport) -> None:
    assert len(render(make_report(epochs=3000))) < 150_000


TIMED = {
    "pace": {"milliseconds": 1.84, "batch": 64, "batches": 9},
    "machine": {"processor": "<b>EPYC</b>", "cores": 2, "precision": "float32"},
}


def test_it_says_how_large_the_model_is_and_how_long_a_post_takes_where(make_report: MakeReport) -> None:
    report = make_report()
    assert "timed" not in report, "too few posts were scored"
    without = text_of(Page(render(report)))
    assert "Parameters 12,345reads up to 32 pieces of a post" in without and "One post" not in without
    text = text_of(Page(render(report | {"timed": TIMED})))
    assert "One post 1.84 msmedian in batches of 64; <b>EPYC</b>, 2 cores, float32" in text
    with speaking("zh-TW"):
        chinese = text_of(Page(render(report | {"timed": TIMED})))
    assert "參數量 12,345最多讀一則貼文的 32 個詞片" in chinese
    assert "單則貼文 1.84 ms每批 64 則的中位數；<b>EPYC</b>，2 核心，float32" in chinese
