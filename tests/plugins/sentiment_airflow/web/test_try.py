"""The box, in front of servers that are down and in front of a real one with a stable and a canary model."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import airflow_home
from support import models_page_homes as homes

PAGE = "/sentiment/models"


def ask(client: httpx.Client, site: Any, sentences: str) -> httpx.Response:
    return client.post(f"{PAGE}/try", data={"sentences": sentences}, headers={"Origin": site.address})


def test_servers_that_are_down_are_told_and_the_sentence_stays(
    site: Any, home: Path, ann: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes.whole_home(home)
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "http://127.0.0.1:9")
    answer = ask(ann, site, f"好吃\n{homes.EVIL}")
    assert answer.status_code == 200 and answer.text.count("cannot be reached") >= 2
    assert "好吃" in answer.text and "<script>" not in answer.text and "<img" not in answer.text


def test_that_there_is_no_canary_is_a_note_and_no_error(
    site: Any, home: Path, ann: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes.write_history(home, homes.steps(1, None))
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "http://127.0.0.1:9")
    page = ask(ann, site, "好吃").text
    assert '<p class="note">There is no canary version.</p>' in page
    assert '<p class="bad"><b>stable</b>' in page and page.count('class="bad"') == 1


@pytest.mark.parametrize(
    ("sentences", "told"), [("", "Write a sentence"), ("x\n" * 11, "At most 10"), ("x" * 2001, "At most 10")]
)
def test_a_box_that_cannot_be_asked(site: Any, home: Path, ann: httpx.Client, sentences: str, told: str) -> None:
    homes.whole_home(home)
    answer = ask(ann, site, sentences)
    assert answer.status_code == 200 and told in answer.text


def test_a_title_stays_in_its_field_and_one_that_is_too_long_is_told(site: Any, home: Path, ann: httpx.Client) -> None:
    homes.whole_home(home)

    def asked(title: str) -> str:
        data = {"sentences": "推", "title": title}
        return ann.post(f"{PAGE}/try", data=data, headers={"Origin": site.address}).text

    assert 'name="title" maxlength="200" value="&lt;b&gt;踩雷"' in asked("<b>踩雷")
    assert "A title may have at most 200 characters." in asked("長" * 201)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"sentences", b"a=1&" * 50, b"%ff%fe=%zz", b"{}"])
def test_a_form_of_nonsense(site: Any, home: Path, ann: httpx.Client, body: bytes) -> None:
    headers = {"Origin": site.address, "Content-Type": "application/x-www-form-urlencoded"}
    answer = ann.post(f"{PAGE}/try", content=body, headers=headers)
    assert answer.status_code == 200 and "Write a sentence" in answer.text


def test_a_form_that_never_ends_is_cut_off(site: Any, home: Path, ann: httpx.Client) -> None:
    assert ask(ann, site, "x" * 300_000).status_code == 413


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A model server whose stable is version 1, a good toy, and whose canary is version 2, one that is always wrong."""
    from sentiment_airflow.steps import step_environment

    from sentiment.serving.servers import labelled_version

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    python = airflow_home.CHECKOUT / ".venv" / "bin" / "python"
    toys = airflow_home.CHECKOUT / "tests" / "dags" / "serve_toys.py"
    home.mkdir(parents=True)
    with (home / "serve.log").open("w") as log:
        process = subprocess.Popen(
            [str(python), str(toys), str(home), str(port)],
            env=step_environment(os.environ, "status"),
            stdout=log,
            stderr=log,
        )
    deadline = time.monotonic() + 120
    while True:
        assert process.poll() is None and time.monotonic() < deadline, (home / "serve.log").read_text("utf-8")
        try:
            if labelled_version(f"http://127.0.0.1:{port}", "sentiment", "canary") == 2:
                break
        except OSError:
            pass
        time.sleep(0.2)
    yield
    process.terminate()
    process.wait(30)


@pytest.mark.slow
def test_stable_and_canary_answer_side_by_side(site: Any, server: None, ann: httpx.Client) -> None:
    page = ask(ann, site, "好吃\n難吃").text
    assert "version 1," in page and "version 2," in page and page.count("<td><b>") == 4
    assert page.count("<br><small>") == 8  # every other label's share too
    differ = page.count('class="differ"')
    assert (f"They disagree on {differ} of 2." if differ else "They agree on every sentence.") in page


def test_where_they_disagree_is_marked_and_counted() -> None:
    from sentiment_airflow.web.pages import rendered

    from sentiment.models_page.trying import Said, Side, disagreements

    others = (("負面", 6.0), ("中立", 4.0))
    sides = [Side(name, 1, [Said("正面", 90.0, others), Said(said, 90.0, others)], 1) for name, said in ANSWERS]
    context = {"root": "", "airflow": "/", "notices": [], "box": "", "title": "", "sentences": ["a", "b"]}
    reader: dict[str, Any] = {"lang": "en", "theme": "", "languages": []}
    page = rendered("try.html", sides=sides, differ=disagreements(sides), **reader, **context)
    assert page.count('<tr class="differ">') == 1 and "They disagree on 1 of 2." in page
    assert page.count("<br><small>負面 6.0 %</small>") == 4


ANSWERS = (("stable", "正面"), ("canary", "中立"))
