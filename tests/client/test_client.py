"""The client against the real embedded server, over sockets."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentiment.client import Answer, ClientError, SentimentClient

CHECKOUT = Path(__file__).resolve().parents[2]
NEUTRAL = "請問在哪裡"  # the toys answer it by their version: 1 正面, 2 負面


def sides(answers: list[Answer]) -> set[tuple[str, bool, str]]:
    return {(answer.side, answer.fell_back, answer.label) for answer in answers}


def address_of(server: Any, kind: str) -> str:
    return server.rest_url if kind == "rest" else f"grpc://{server.grpc_address}"


@pytest.fixture(params=["rest", "grpc"])
def address(request: pytest.FixtureRequest, standing_both: Any) -> str:
    return address_of(standing_both.server, request.param)


def test_stable_is_named_though_canary_is_newer(address: str) -> None:
    with SentimentClient(address) as client:
        [answer] = client.classify([NEUTRAL])
    assert (answer.label, answer.label_id, answer.side, answer.fell_back) == ("正面", 0, "stable", False)
    assert answer.probabilities[0] > 0.9 and 0 < answer.seconds < 5
    assert answer.version == (1 if address.startswith("grpc") else None)


def test_a_share_goes_to_canary_by_key(address: str) -> None:
    with SentimentClient(address, canary_share=0.5) as client:
        found = {key: sides(client.classify([NEUTRAL], key=key)) for key in map(str, range(40))}
        assert found == {key: sides(client.classify([NEUTRAL, NEUTRAL], key=key)) for key in found}
    assert {side for [side] in found.values()} == {("stable", False, "正面"), ("canary", False, "負面")}


def test_every_text_has_its_answer_in_order_however_many(address: str) -> None:
    texts = [["推好", "噓爛", NEUTRAL][number % 3] for number in range(200)]
    with SentimentClient(address, batch=7) as client:
        answers = client.classify(texts)
        assert client.classify([]) == []
    assert [answer.label for answer in answers] == [["正面", "負面", "正面"][number % 3] for number in range(200)]


def test_texts_may_come_from_anything_that_can_be_iterated(address: str) -> None:
    texts = {"推好": 1, "噓爛": 2}
    with SentimentClient(address, batch=1) as client:
        for given in ((text for text in texts), iter(texts), tuple(texts), texts, texts.keys()):
            assert [answer.label for answer in client.classify(given)] == ["正面", "負面"]
        assert client.classify(iter(())) == []


@pytest.mark.parametrize("kind", ["rest", "grpc"])
def test_a_canary_that_was_withdrawn_is_stables_affair(both: Any, site: Any, kind: str) -> None:
    with SentimentClient(address_of(both.server, kind), canary_share=1.0) as client:
        assert sides(client.classify([NEUTRAL])) == {("canary", False, "負面")}
        site.configure(1, stable=1)
        both.wait_until(2, "END")
        for _ in range(8):  # the fifth failure opens the breaker; the answers stay the same
            assert sides(client.classify([NEUTRAL])) == {("stable", True, "正面")}


def test_a_canary_that_comes_and_goes_under_load_fails_no_call(both: Any, site: Any) -> None:
    problems: list[str] = []
    seen: set[tuple[str, bool, str]] = set()
    over = threading.Event()
    client = SentimentClient(both.server.rest_url, canary_share=0.5, deadline=10)

    def customer(number: int) -> None:
        asked = 0
        while not over.is_set():
            asked += 1
            try:
                found = sides(client.classify([NEUTRAL], key=f"{number} {asked}"))
            except ClientError as error:
                problems.append(str(error))
            else:
                seen.update(found)

    customers = [threading.Thread(target=customer, args=(number,)) for number in range(4)]
    for thread in customers:
        thread.start()
    for _ in range(3):
        time.sleep(0.3)
        site.configure(1, stable=1)
        both.wait_until(2, "END")
        site.configure(1, 2, stable=1)
        both.wait_until(2, "AVAILABLE")
        site.configure(1, 2, stable=1, canary=2)
    time.sleep(0.3)
    over.set()
    for thread in customers:
        thread.join()
    client.close()
    assert problems == []
    assert {("stable", False, "正面"), ("canary", False, "負面"), ("stable", True, "正面")} == seen


def test_a_refused_question_is_one_error_and_is_not_repeated(address: str) -> None:
    with SentimentClient(address, model="other", deadline=30) as client:
        began = time.monotonic()
        with pytest.raises(ClientError, match=r"^label stable gave no answer: \S+: (HTTP 4|INVALID|NOT_F)") as caught:
            client.classify([NEUTRAL])
    assert "\n" not in str(caught.value) and time.monotonic() - began < 2


def test_the_next_server_answers_when_one_is_gone(standing_both: Any, odd: Callable[..., Any]) -> None:
    gone = odd(lambda *_: None)
    gone.stop()
    with SentimentClient([gone.address, standing_both.server.rest_url]) as client:
        assert sides(client.classify([NEUTRAL])) == {("stable", False, "正面")}


@pytest.mark.parametrize("kind", ["rest", "grpc"])
def test_a_server_that_stops_is_one_error_within_the_deadline(both: Any, kind: str) -> None:
    address = address_of(both.server, kind)
    with SentimentClient(address, canary_share=0.5, deadline=2) as client:
        client.classify([NEUTRAL])
        both.server.stop()
        began = time.monotonic()
        with pytest.raises(ClientError, match=r"cannot be reached|UNAVAILABLE|DEADLINE_EXCEEDED") as caught:
            client.classify([NEUTRAL], key="7")
    assert time.monotonic() - began < 2.5 and "\n" not in str(caught.value)


def test_threads_share_a_client_and_its_connections(standing_both: Any) -> None:
    wrong: list[object] = []
    client = SentimentClient(standing_both.server.rest_url, deadline=20)

    def customer(text: str, label: str) -> None:
        for _ in range(50):
            wrong.extend(answer for answer in client.classify([text] * 3) if answer.label != label)

    asked = [("推好", "正面"), ("噓爛", "負面")] * 3
    threads = [threading.Thread(target=customer, args=one) for one in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    assert wrong == []


def test_a_forked_process_opens_connections_of_its_own(standing_both: Any) -> None:
    """In a process without TensorFlow's threads, as a web server's parent process is."""
    script = f"""
import os
from sentiment.client import SentimentClient
client = SentimentClient({standing_both.server.rest_url!r})
client.classify(["x"])
child = os.fork()
text, label = ("推好", "正面") if child else ("噓爛", "負面")
good = all(client.classify([text])[0].label == label for _ in range(200))
if child:
    good = good and os.waitpid(child, 0)[1] == 0
os._exit(0 if good else 1)
"""
    assert subprocess.run([sys.executable, "-c", script], timeout=60, check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], {}),
        (["ftp://x"], {}),
        (["127.0.0.1:8501"], {}),
        (["http://"], {}),
        (["http://x"], {"canary_share": 1.5}),
        (["http://x"], {"deadline": 0}),
        (["http://x"], {"tries": 0}),
        (["http://x"], {"batch": 0}),
    ],
)
def test_a_client_that_cannot_work_is_not_made(arguments: list[str], options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="found"):
        SentimentClient(arguments, **options)


@pytest.mark.parametrize("texts", ["a text", b"a text", None, 7, [b"bytes"], [None], [1], iter(["好", 1])])
def test_texts_are_strings(texts: Any) -> None:
    with SentimentClient("http://127.0.0.1:9") as client, pytest.raises(TypeError, match="list of strings"):
        client.classify(texts)


def test_half_characters_are_sent_as_question_marks(standing_both: Any) -> None:
    with SentimentClient(standing_both.server.rest_url) as client:
        assert client.classify(['推\ud83d\0\n"\\'])[0].label == "正面"


def test_over_rest_the_standard_library_is_all_it_needs() -> None:
    """In a Python without site-packages: there is nothing else that it could import."""
    script = "import sentiment.client as c; c.SentimentClient('http://127.0.0.1:9').close()"
    environment = {"PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-S", "-c", script], check=True, env=environment)
    without = subprocess.run([sys.executable, "-S", "-c", "import click"], capture_output=True, env=environment)
    assert without.returncode == 1 and b"No module named 'click'" in without.stderr
