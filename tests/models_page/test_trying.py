"""The box, asked of real sockets: servers that answer, refuse, hang or are not there."""

from __future__ import annotations

import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from support import models_page_homes as homes

from sentiment.models_page.trying import Said, Side, disagreements, sentences_of, title_of, try_out
from sentiment.serving.rules import fold
from sentiment.settings import Settings

STATE = fold(homes.typed(homes.three_versions()))


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as stable; refuses as canary."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = asked["inputs"]["text"]
        labels = {"label": ["<b>正面"] * len(texts), "label_id": [0] * len(texts)}
        body: dict[str, Any] = {"outputs": {**labels, "probabilities": [[0.9, 0.06, 0.04]] * len(texts)}}
        refused = "canary" in self.path
        error = {"error": "Label 'canary' is <unknown>"}
        if "title" in asked["inputs"]:  # stable was trained without titles, canary with them
            refused, error = not refused, {"error": 'Serving signature name: "titled" not found in signature def'}
        content = json.dumps(error if refused else body).encode()
        self.send_response(404 if refused else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_both_are_asked_and_one_that_fails_says_why(settings: Settings, address: str) -> None:
    stable, canary = try_out(["好吃", "難吃"], STATE, replace(settings, serving_urls=address))
    assert (stable.name, stable.version, stable.error) == ("stable", 2, "")
    assert [(said.label, said.probability) for said in stable.answers] == [("<b>正面", 90.0)] * 2
    assert stable.answers[0].others == (("負面", 6.0), ("中立", 4.0))
    assert canary.answers == [] and "404" in canary.error
    assert disagreements([stable, canary]) == [False, False]  # nobody to disagree with


def test_a_title_is_read_by_the_version_that_was_trained_with_titles(settings: Settings, address: str) -> None:
    title = title_of("  火鍋\n踩雷 ")
    sides = try_out(["推", "真的"], STATE, replace(settings, serving_urls=address), title=title)
    assert [(side.error, side.read_title, len(side.answers)) for side in sides] == [("", False, 2), ("", True, 2)]
    assert title == "火鍋 踩雷"
    with pytest.raises(ValueError, match="A title may have at most 200 characters"):
        title_of("長" * 201)


def test_where_the_two_say_different_labels_is_known() -> None:
    sides = [
        Side(name, 1, [Said("正面", 90.0), Said(other, 60.0)], 1)
        for name, other in (("stable", "正面"), ("canary", "負面"))
    ]
    assert disagreements(sides) == [False, True] and disagreements([]) == []


def test_the_next_server_is_asked_when_the_first_is_down(settings: Settings, address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        dead = f"http://127.0.0.1:{free.getsockname()[1]}"
    stable, _ = try_out(["好吃"], STATE, replace(settings, serving_urls=f"{dead},{address}"))
    assert stable.answers and not stable.error


def test_a_server_that_hangs_costs_the_deadline_and_no_more(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        stable, canary = try_out(["好吃"], STATE, replace(settings, serving_urls=url), seconds=0.6)
        assert time.monotonic() - began < 8
    assert stable.error and canary.error and not stable.answers


def test_without_a_canary_only_stable_is_asked(settings: Settings, address: str) -> None:
    stable, canary = try_out(["好吃"], fold(homes.typed(homes.steps(1, None))), replace(settings, serving_urls=address))
    assert stable.answers and (canary.is_there, canary.error) == (False, "There is no canary version.")
    assert stable.is_there


@pytest.mark.parametrize("urls", ["", "grpc://x:8500", "file:///etc/passwd"])
def test_addresses_that_are_none(settings: Settings, urls: str) -> None:
    stable, _ = try_out(["好吃"], STATE, replace(settings, serving_urls=urls))
    assert "names no http address" in stable.error


def test_the_box_holds_a_sentence_a_line() -> None:
    assert sentences_of(" 好吃 \r\n\n難吃\ud800") == ["好吃", "難吃?"]
    for box in ("", " \n ", "x\n" * 11, "x" * 2001):
        with pytest.raises(ValueError, match=r"Write|At most"):
            sentences_of(box)
