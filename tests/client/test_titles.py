"""Titles: version 2 of the toys was trained with them, version 1 was not."""

from __future__ import annotations

from typing import Any

import pytest

from sentiment.client import SentimentClient
from sentiment.client.rest import RestServer
from sentiment.data.tsv import Post
from sentiment.probe.asking import ask_in_pairs

NEUTRAL = "真的"  # the toys answer it by their version: 1 正面, 2 負面


@pytest.fixture(params=["rest", "grpc"])
def address(request: pytest.FixtureRequest, standing_both: Any) -> str:
    return standing_both.server.rest_url if request.param == "rest" else f"grpc://{standing_both.server.grpc_address}"


def test_a_model_that_was_trained_with_titles_is_asked_with_them(address: str) -> None:
    with SentimentClient(address, canary_share=1.0) as client:
        answers = client.classify([NEUTRAL] * 3, titles=["推這家", None, "噓這家"])
    said = [(answer.label, answer.read_title) for answer in answers]
    assert said == [("正面", True), ("負面", False), ("負面", True)]
    assert {(answer.side, answer.fell_back) for answer in answers} == {("canary", False)}


def test_a_model_that_was_trained_without_answers_to_the_text_alone_and_says_so(address: str) -> None:
    with SentimentClient(address) as client:
        [answer] = client.classify([NEUTRAL], titles=["噓這家"])
    assert (answer.label, answer.side, answer.read_title) == ("正面", "stable", False)


def test_texts_of_many_requests_keep_their_titles(address: str) -> None:
    titles = ["推", "", "噓", None, "推"] * 5
    with SentimentClient(address, canary_share=1.0, batch=2) as client:
        answers = client.classify((NEUTRAL for _ in titles), titles=iter(titles))
    assert [answer.label for answer in answers] == ["正面", "負面", "負面", "負面", "正面"] * 5


def test_without_a_title_the_signature_for_texts_is_asked(standing_both: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    ask = RestServer.ask

    def noted(*given: Any) -> Any:
        asked.append(given[4:])
        return ask(*given)

    monkeypatch.setattr(RestServer, "ask", noted)
    with SentimentClient(standing_both.server.rest_url) as client:
        client.classify([NEUTRAL], titles=[None])
        client.classify([NEUTRAL])
    assert asked == [(), ()]


@pytest.mark.parametrize(
    ("titles", "error", "message"),
    [
        (["推"], ValueError, "a title for each text, None for a text without; found 1 and 2"),
        ("推噓", TypeError, "titles must be a list of strings; found '推噓'"),
        (["推", 3], TypeError, "titles must be a list of strings; found "),
    ],
)
def test_titles_that_do_not_fit_are_one_line(titles: Any, error: type[Exception], message: str) -> None:
    with SentimentClient("http://127.0.0.1:9") as client, pytest.raises(error, match=message):
        client.classify([NEUTRAL, NEUTRAL], titles=titles)


def test_a_probe_asks_with_the_title_and_who_reads_none_is_asked_with_one_once(
    standing_both: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = RestServer.ask

    def noted(*given: Any) -> Any:
        asked.append(f"{given[2]} {'titled' if given[4:] else 'text'}")
        return ask(*given)

    monkeypatch.setattr(RestServer, "ask", noted)
    posts = [Post(NEUTRAL, 0, "推這家")] * 2
    replies = ask_in_pairs(standing_both.server.rest_url, "sentiment", ("stable", "canary"), posts, float("inf"))
    assert (asked.count("stable titled"), asked.count("stable text"), asked.count("canary titled")) == (1, 3, 3)
    said = {label: [reply.prediction and reply.prediction.label for reply in replies.of[label]] for label in replies.of}
    assert said == {"stable": ["正面"] * 2, "canary": ["正面"] * 2}
