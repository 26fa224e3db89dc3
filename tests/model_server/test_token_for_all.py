"""SENTIMENT_SERVING_TOKEN and SENTIMENT_SERVING_CA in the environment are enough for everything that asks a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.certificates import make_pair
from support.toy_servers import Shop, Site, keep_toy_answers, served_site

from sentiment.bench.load.load import GRPC, REST, Failure, Job, run
from sentiment.bench.load.requests import grpc_request, inputs_of, rest_body, rest_url
from sentiment.demo.acts import Demo
from sentiment.demo.stack import Stack
from sentiment.model_server.access import Access
from sentiment.model_server.tls import Tls
from sentiment.models_page.trying import try_out
from sentiment.probe.verify import verify
from sentiment.serving.history import read_state
from sentiment.serving.promote import promote

TOKEN = "a-long-token"


@pytest.fixture
def guarded(
    tmp_path: Path, toys: dict[int, Path], start: Any, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    """A home whose server wants a token, which is in the environment."""
    monkeypatch.setenv("SENTIMENT_SERVING_TOKEN", TOKEN)

    def start_guarded(site: Any) -> Any:
        return start(site, access=Access(TOKEN))

    yield Shop(tmp_path / "home", toys, start_guarded)


def test_the_commands_deploy_verify_watch_and_show(
    guarded: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guarded.deploy(1, keep_toy_answers(1))
    guarded.do(promote, 1)
    guarded.deploy(2, keep_toy_answers(2))
    assert [finding.kind for finding in verify(guarded.settings).findings] == ["agrees", "agrees"]
    test = guarded.settings.base_data / "latest_test.tsv"
    test.parent.mkdir(parents=True)
    test.write_text("text\tlabel\n推好\t0\n噓壞\t1\n", encoding="utf-8")
    for verb in ("status", "verify", "probe", "watch"):
        assert guarded.run(monkeypatch, verb) == 0, capsys.readouterr().err
        said = capsys.readouterr()
        assert TOKEN not in said.out + said.err
    stable, canary = try_out(["推"], read_state(guarded.settings), guarded.settings)
    assert (stable.error, canary.error) == ("", "") and stable.answers[0].label == "正面"


def test_without_it_they_say_so(guarded: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded.deploy(1, keep_toy_answers(1))
    monkeypatch.delenv("SENTIMENT_SERVING_TOKEN")
    found = verify(guarded.settings)
    assert [finding.kind for finding in found.findings] == ["unreachable"]
    assert "it wants another SENTIMENT_SERVING_TOKEN" in found.sentence


def asks(client: str, address: str) -> Any:
    inputs = inputs_of("text", ["推"], 16)
    if client == REST:
        return Job(REST, rest_url(address, "sentiment", "stable"), [rest_body("text", inputs)], 3, 1)
    return Job(GRPC, address, [grpc_request("sentiment", "stable", "text", inputs)], 3, 1)


@pytest.mark.parametrize("client", [GRPC, REST])
def test_the_load_test_sends_it_and_verifies_tls(
    site: Site, start: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    key, certificate = make_pair(tmp_path)
    server = start(site, access=Access(TOKEN), tls=Tls(key.read_text(), certificate.read_text())).server
    address = server.rest_url if client == REST else f"grpcs://{server.grpc_address}"
    monkeypatch.setenv("SENTIMENT_SERVING_CA", str(certificate))
    with pytest.raises(Failure, match=r"401|UNAUTHENTICATED"):
        run(asks(client, address))
    monkeypatch.setenv("SENTIMENT_SERVING_TOKEN", TOKEN)
    assert run(asks(client, address)).errors == {}


def test_the_demos_processes_have_it_and_its_one_sentence_sends_it(
    toys: dict[int, Path], start: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_SERVING_TOKEN", TOKEN)
    monkeypatch.setenv("SENTIMENT_MAIL_TO", "somebody@example.com")
    stack = Stack(tmp_path / "demo", {})
    stack.mailbox._controller.loop.close()  # it never receives a mail
    stack.ports.release()
    environment = stack._environment()
    assert environment["SENTIMENT_SERVING_TOKEN"] == TOKEN and "SENTIMENT_MAIL_TO" not in environment
    server = start(served_site(tmp_path, toys), access=Access(TOKEN)).server
    object.__setattr__(stack.ports, "rest", server.rest_port)
    demo = Demo(stack, material=None, screen=None)  # type: ignore[arg-type]
    assert demo._ask("推", "labels/stable") == "正面"
