"""The shared token and TLS: without them no answer on either port, with them every client of the package has one."""

from __future__ import annotations

import re
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import pytest
from support.certificates import make_pair

from sentiment.client import ClientError, SentimentClient
from sentiment.errors import InputError
from sentiment.model_server.access import Access
from sentiment.model_server.refusal import Refusal
from sentiment.model_server.tls import read_tls
from sentiment.serving import servers

TOKEN = "a-long-token"


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The files of a key and a certificate for 127.0.0.1."""
    return make_pair(tmp_path_factory.mktemp("tls"))


def ssl_config(folder: Path, **fields: str) -> Path:
    """Writes an SSLConfig."""
    path = folder / "ssl.config"
    path.write_text("".join(f"{name}: {value}\n" for name, value in fields.items()))
    return path


def quoted(file: Path) -> str:
    return '"' + file.read_text().replace("\n", "\\n") + '"'


@pytest.fixture
def guarded(site: Any, start: Any) -> Any:
    return start(site, access=Access(TOKEN))


@pytest.mark.parametrize("path", ["/v1/models/sentiment", "/metrics", "/v1/models/sentiment/labels/stable/metadata"])
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}])
def test_without_the_token_rest_answers_401(guarded: Any, path: str, header: dict[str, str]) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(guarded.server.rest_url + path, headers=header), timeout=20)
    with refused.value:
        assert refused.value.code == 401


def test_without_the_token_grpc_answers_unauthenticated(guarded: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        guarded.predict({"text": ["好"]}, "text")
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("port", ["rest", "grpc"])
def test_the_client_sends_the_token_it_is_given_or_the_environments(
    guarded: Any, monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    address = guarded.server.rest_url if port == "rest" else f"grpc://{guarded.server.grpc_address}"
    with SentimentClient(address, token=TOKEN) as client:
        assert client.classify(["好"])[0].label == "正面"
    with SentimentClient(address) as client, pytest.raises(ClientError, match="token"):
        client.classify(["好"])
    monkeypatch.setenv("SENTIMENT_SERVING_TOKEN", TOKEN)
    with SentimentClient(address) as client:
        assert client.classify(["好"])[0].label == "正面"


def test_the_commands_send_the_token_and_say_when_it_is_wrong(guarded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="SENTIMENT_SERVING_TOKEN"):
        servers.version_states(guarded.server.rest_url, "sentiment")
    monkeypatch.setenv("SENTIMENT_SERVING_TOKEN", TOKEN)
    assert servers.version_states(guarded.server.rest_url, "sentiment") == {1: ("AVAILABLE", "")}


@pytest.mark.parametrize(
    ("access", "peer", "why"),
    [
        (Access(), "ipv4:127.0.0.1:5", "is off"),
        (Access(reload_rpc="loopback"), "ipv4:10.0.0.7:5", "clients of this machine"),
        (Access(reload_rpc="loopback"), "ipv6:[fe80::1]:5", "clients of this machine"),
        (Access(reload_rpc="token"), "ipv4:127.0.0.1:5", "needs a token"),
        (Access("t", "loopback"), "ipv4:127.0.0.1:5", ""),
        (Access(reload_rpc="loopback"), "ipv6:%5B::1%5D:5", ""),
        (Access("t", "token"), "ipv4:10.0.0.7:5", ""),
    ],
)
def test_who_may_reload(access: Access, peer: str, why: str) -> None:
    if not why:
        access.require_reload(peer)
        assert access.reload_rpc != "off"
    else:
        with pytest.raises(Refusal, match=why):
            access.require_reload(peer)


def test_both_ports_speak_tls_and_the_client_verifies_it(
    site: Any, start: Any, tmp_path: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = pair
    tls = read_tls(ssl_config(tmp_path, server_key=quoted(key), server_cert=quoted(certificate)))
    server = start(site, tls=tls).server
    for address in (server.rest_url, f"grpcs://{server.grpc_address}"):
        with SentimentClient(address, authorities=str(certificate)) as client:
            assert client.classify(["好"])[0].label == "正面"
        with SentimentClient(address, deadline=2) as client, pytest.raises(ClientError):
            client.classify(["好"])
    monkeypatch.setenv("SENTIMENT_SERVING_CA", str(certificate))
    assert servers.version_states(server.rest_url, "sentiment") == {1: ("AVAILABLE", "")}
    old = ssl.create_default_context(cafile=str(certificate))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with urllib.request.urlopen(f"{server.rest_url}/v1/models/sentiment", timeout=20, context=old) as response:
        assert response.status == 200


def test_an_ssl_config_that_is_none_is_one_line_without_the_key(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    key, certificate = pair
    secret = key.read_text().splitlines()[1]
    for fields, why in (
        ({"server_key": f"{secret} x"}, "must be an SSLConfig text proto"),
        ({"server_key": quoted(key), "server_cert": quoted(key)}, "must be PEM texts"),
        ({"server_key": '"key.pem"', "server_cert": '"certificate.pem"'}, "must be PEM texts"),
        ({"server_key": quoted(key), "server_cert": quoted(certificate), "client_verify": "true"}, "custom_ca"),
    ):
        with pytest.raises(InputError, match=why) as refused:
            read_tls(ssl_config(tmp_path, **fields))
        assert secret not in str(refused.value) and not re.search(r"\n", str(refused.value))
    with pytest.raises(InputError, match="no file"):
        read_tls(tmp_path / "none")
