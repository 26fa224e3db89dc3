"""The guard in front of TensorFlow Serving: its files as Compose reads them, and its nginx before a real server.

The server behind it is the embedded one. Its reload RPC is open to this machine, as the real server's is to everybody.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import grpc
import pytest
import yaml
from support.certificates import make_pair
from support.compose_stack import compose_version
from support.toy_servers import Client, Site, running_servers, served_site
from support.unfinished import send_headers

from sentiment import processes
from sentiment.client import ClientError, SentimentClient
from sentiment.client.credentials import Credentials
from sentiment.serving import servers
from sentiment.validation.throwaway import free_ports

CHECKOUT = Path(__file__).resolve().parents[2]
GUARD = CHECKOUT / "docker" / "guard"
TOKEN = "0123456789abcdef-A"
RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
NGINX = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")


@dataclass
class Guarded:
    """A guard's ports, the certificate that verifies it, and the server behind it."""

    rest_port: int
    grpc_port: int
    certificate: Path
    behind: Client
    process: subprocess.Popen[bytes]

    @property
    def urls(self) -> tuple[str, str]:
        return f"https://127.0.0.1:{self.rest_port}", f"grpcs://127.0.0.1:{self.grpc_port}"

    def channel(self) -> Any:
        secure = grpc.ssl_channel_credentials(self.certificate.read_bytes())
        return grpc.secure_channel(f"127.0.0.1:{self.grpc_port}", secure)

    def call(self, path: str, token: str = TOKEN) -> grpc.StatusCode:
        """Returns the status of an empty request to a path."""
        metadata = [("authorization", f"Bearer {token}")] if token else []
        with self.channel() as channel:
            try:
                channel.unary_unary(path)(b"", timeout=20, metadata=metadata)
            except grpc.RpcError as error:
                return error.code()
        return grpc.StatusCode.OK


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory, toys: dict[int, Path]) -> Iterator[tuple[Client, Site]]:
    with running_servers() as start:
        site = served_site(tmp_path_factory.mktemp("guarded"), toys)
        yield start(site), site


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory, behind: tuple[Client, Site]) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guard")
    _, certificate = make_pair(folder, "serving.key", "serving.crt")
    server = behind[0].server
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SENTIMENT_")},
        "SENTIMENT_SERVING_TOKEN": TOKEN,
        "CERTIFICATES": str(folder),
        "REST": f"127.0.0.1:{server.rest_port}",
        "GRPC": f"127.0.0.1:{server.grpc_port}",
        "RESOLVER": "",
        "TMPDIR": str(folder),
    }
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o711)  # as root, nginx works as somebody else
    with (folder / "log").open("wb") as log:
        process, (rest, grpc_port) = _started(environment, log, folder / "log")
        try:
            yield Guarded(rest, grpc_port, certificate, behind[0], process)
        finally:
            process.terminate()
            process.wait(20)
    assert TOKEN not in (folder / "log").read_text()


def _started(environment: dict[str, str], log: IO[bytes], said: Path) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Starts the guard on free ports; returns its process and the ports when they are open."""
    for _ in range(3):  # another process may take a port first
        ports = free_ports(2)
        own = {**environment, "REST_PORT": str(ports[0]), "GRPC_PORT": str(ports[1])}
        process = subprocess.Popen(["bash", str(GUARD / "start.sh")], env=own, stderr=log)
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", ports[0]), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return process, ports
    raise AssertionError(said.read_text())


@pytest.mark.slow
@NGINX
def test_with_the_token_every_client_is_answered_on_both_ports(guard: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in guard.urls:
        with SentimentClient(url, token=TOKEN, authorities=str(guard.certificate)) as client:
            assert client.classify(["好" * 60_000 if url.startswith("https") else "好"])[0].label == "正面"
    monkeypatch.setenv("SENTIMENT_SERVING_TOKEN", TOKEN)
    monkeypatch.setenv("SENTIMENT_SERVING_CA", str(guard.certificate))
    rest = guard.urls[0]
    assert servers.version_states(rest, "sentiment") == {1: ("AVAILABLE", "")}
    assert servers.version_status(rest, "sentiment", 1) == ("AVAILABLE", "")
    assert servers.labelled_version(rest, "sentiment", "stable") == 1


@pytest.mark.slow
@NGINX
@pytest.mark.parametrize("token", ["", "wrong", TOKEN.lower(), TOKEN + "x", TOKEN[:-1]])
def test_without_the_token_nobody_is(guard: Guarded, token: str) -> None:
    for url in guard.urls:
        client = SentimentClient(url, token=token, authorities=str(guard.certificate), tries=1)
        with client, pytest.raises(ClientError, match=r"401|UNAUTHENTICATED"):
            client.classify(["好"])
    assert guard.call(RELOAD, token) is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.slow
@NGINX
@pytest.mark.parametrize(
    "path",
    [
        RELOAD,
        RELOAD.replace("/Handle", "//Handle"),
        RELOAD.replace("Handle", "%48andle"),
        f"/tensorflow.serving.PredictionService/Predict/../..{RELOAD}",
        f"/x/..{RELOAD}",
        "/tensorflow.serving.PredictionService/Classify",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        "/tensorflow.ProfilerService/Profile",
    ],
)
def test_what_only_a_server_may_be_asked_from_inside_is_not_passed_on(guard: Guarded, path: str) -> None:
    assert guard.call(path) in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INTERNAL)


@pytest.mark.slow
@NGINX
def test_the_reload_that_the_server_takes_does_not_come_through(
    guard: Guarded, behind: tuple[Client, Site], toys: dict[int, Path], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    evil = Site(other, {1: toys[3]})
    evil.add(1)
    from google.protobuf import text_format
    from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc

    request = model_management_pb2.ReloadConfigRequest()
    text_format.Parse(evil.text(1, stable=1), request.config)
    with guard.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        stub.HandleReloadConfigRequest(request, timeout=20, metadata=[("authorization", f"Bearer {TOKEN}")])
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert guard.behind.ask("今天") == ["正面"]


@pytest.mark.slow
@NGINX
def test_a_flood_of_headers_ends_in_the_guard(guard: Guarded) -> None:
    """gRPC would keep all of them in memory, before anybody asks for the token."""
    context = Credentials(TOKEN, str(guard.certificate)).context()
    context.set_alpn_protocols(["h2"])
    connection = socket.create_connection(("127.0.0.1", guard.grpc_port), timeout=20)
    before = processes.memory_bytes("self")
    encrypted = context.wrap_socket(connection, server_hostname="127.0.0.1")
    send_headers(encrypted, "/tensorflow.serving.PredictionService/Predict", 3, confirms=False)
    assert processes.memory_bytes("self") - before < 100_000_000, "that of the server behind it"
    workers = Path(f"/proc/{guard.process.pid}/task/{guard.process.pid}/children").read_text().split()
    assert workers and all(processes.memory_bytes(int(worker)) < 100_000_000 for worker in workers)
    with SentimentClient(guard.urls[1], token=TOKEN, authorities=str(guard.certificate)) as client:
        assert client.classify(["好"])[0].label == "正面"


@pytest.mark.slow
@NGINX
@pytest.mark.parametrize(
    "path", ["/metrics", "/monitoring/prometheus/metrics", "/", "/v1/models/sentiment/../../../metrics", "/v2/x"]
)
def test_nothing_but_models_is_passed_on_over_rest(guard: Guarded, path: str) -> None:
    import http.client

    shown = Credentials(TOKEN, str(guard.certificate))
    connection = http.client.HTTPSConnection("127.0.0.1", guard.rest_port, timeout=20, context=shown.context())
    connection.request("GET", path, headers=shown.headers)
    assert connection.getresponse().status == 404
    connection.close()


@pytest.mark.parametrize(
    "token", ["", "short", 'has"quote-and-more-characters', "has$variable_in_it_and_more", "a b " * 9]
)
def test_a_token_that_nginx_would_read_otherwise_is_refused_and_not_shown(tmp_path: Path, token: str) -> None:
    environment = {**os.environ, "SENTIMENT_SERVING_TOKEN": token, "CERTIFICATES": str(tmp_path)}
    ended = subprocess.run(["bash", str(GUARD / "start.sh")], env=environment, capture_output=True, text=True)
    assert ended.returncode == 2 and ended.stderr.startswith("guard: SENTIMENT_SERVING_TOKEN must be 16 or more")
    assert not token or token not in ended.stderr


def test_missing_certificates_are_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "SENTIMENT_SERVING_TOKEN": TOKEN, "CERTIFICATES": str(tmp_path)}
    ended = subprocess.run(["bash", str(GUARD / "start.sh")], env=environment, capture_output=True, text=True)
    assert ended.returncode == 2 and "must hold serving.crt" in ended.stderr and ended.stderr.count("\n") == 1


def test_behind_the_guard_only_the_guard_reaches_the_server() -> None:
    text = (CHECKOUT / "docker-compose.guard.yml").read_text(encoding="utf-8")
    override = yaml.safe_load(text.replace("!reset ", "").replace("!override", ""))
    services = override["services"]
    for name in ("serving", "serving-gpu"):
        assert services[name]["ports"] == [] and list(services[name]["networks"]) == ["guarded"]
    assert text.count("ports: !reset []") == text.count("networks: !override") == 2
    assert override["networks"] == {"guarded": {"internal": True}}
    guard = services["guard"]
    assert set(guard["networks"]) == {"steps", "asking", "guarded"}
    assert guard["cap_drop"] == ["ALL"] and guard["read_only"]
    assert all(port.startswith("${BIND:-127.0.0.1}:") for port in guard["ports"])
    base = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    through = {name for name, service in base.items() if "SENTIMENT_SERVING_URLS" in service.get("environment", {})}
    assert {name for name in services if "SENTIMENT_SERVING_CA" in services[name].get("environment", {})} == through
    assert guard["logging"] == base["serving"]["logging"], "what strangers ask does not fill the disk"


def test_compose_itself_reads_it_so(tmp_path: Path) -> None:
    if compose_version() < (2, 24):
        pytest.skip("docker compose 2.24 is not installed")
    names = ("docker-compose.yml", "docker-compose.guard.yml")
    for name in names:
        shutil.copy(CHECKOUT / name, tmp_path)
    make_env = ["python3", str(CHECKOUT / "docker" / "environment.py"), str(tmp_path), f"--file={tmp_path / '.env'}"]
    subprocess.run(make_env, check=True, capture_output=True)
    with (tmp_path / ".env").open("a", encoding="utf-8") as file:
        file.write(f"SENTIMENT_SERVING_TOKEN={TOKEN}\nGUARD_CERTIFICATES={tmp_path}\n")
    files = [f"--file={tmp_path / name}" for name in names]
    command = ["docker", "compose", *files, "--profile=cpu", "--profile=gpu", "config"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    services = yaml.safe_load(ended.stdout)["services"]
    for name in ("serving", "serving-gpu"):
        assert "ports" not in services[name] and services[name]["networks"] == {"guarded": {"aliases": ["serving"]}}
    worker = services["worker"]["environment"]
    assert (worker["SENTIMENT_SERVING_URLS"], worker["SENTIMENT_SERVING_TOKEN"]) == ("https://guard:8501", TOKEN)
