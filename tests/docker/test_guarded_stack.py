"""docker-compose.guard.yml for real: the model server behind the guard, asked from this machine and from a step.

Debian's nginx stands in for nginx's image, and the embedded server for TensorFlow Serving.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.certificates import make_pair
from support.compose_stack import (
    CONTAINERS_USER,
    Stack,
    addresses,
    compose_version,
    copy_of_the_checkout,
    give_away,
    reached,
    run,
)
from support.toy_servers import save_toy, served_site

from sentiment.client import ClientError, SentimentClient
from sentiment.validation.throwaway import free_ports

FILES = (
    "docker-compose.yml",
    "docker-compose.guard.yml",
    "tests/docker/stack/stand-ins.yml",
    "tests/docker/stack/guard.yml",
)
TOKEN = "0123456789abcdef-A"
LISTENING = {"serving": 8501, "guard": 8501}
ASK = "from sentiment.client import SentimentClient; print(SentimentClient('https://guard:8501').classify(['好'])[0].label)"
pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    _, certificate = make_pair(folder, "serving.key", "serving.crt", "guard")
    give_away(folder)
    return certificate


@pytest.fixture(scope="module")
def guarded(images: Any, certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if compose_version() < (2, 24):
        pytest.skip("docker compose 2.24 is not installed")
    copy, home = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("home")
    (home / "serving" / "models").mkdir(parents=True)
    save_toy(home / "toy", 1)
    served_site(home / "serving" / "models", {1: home / "toy"})
    name, ports = f"sentiment-guarded-{os.getpid()}", free_ports(2)
    own = {"COMPOSE_PROJECT_NAME": name, "STACK_NAME": name, "REST_PORT": ports[0], "GRPC_PORT": ports[1]}
    own |= {"SENTIMENT_SERVING_TOKEN": TOKEN, "GUARD_CERTIFICATES": certificate.parent}
    copy_of_the_checkout(copy, home, **own)
    stack = Stack(copy, *FILES)
    stack.compose("build", "guard")
    try:
        stack.compose("up", "--detach", "--wait", "--wait-timeout", "300", "serving", "guard")
        yield stack
        print(stack.compose("logs", "--tail=20"))  # pytest shows it where a test failed
    finally:
        stack.compose("down", "--volumes", "--remove-orphans")


def in_a_step(stack: Stack, images: Any, *options: str) -> list[str]:
    """Returns the command of a Python in a container on the network of steps."""
    command = ["docker", "run", "--rm", "--network", f"{stack.env['STACK_NAME']}-steps", *options]
    return [*command, "--entrypoint", "python", images.trainer]


def test_whoever_has_the_token_is_answered_on_both_ports_and_nobody_else(guarded: Stack, certificate: Path) -> None:
    for url in (f"https://127.0.0.1:{guarded.env['REST_PORT']}", f"grpcs://127.0.0.1:{guarded.env['GRPC_PORT']}"):
        with SentimentClient(url, token=TOKEN, authorities=str(certificate), deadline=20) as client:
            assert client.classify(["好"])[0].label == "正面"
        stranger = SentimentClient(url, token="", authorities=str(certificate), tries=1, deadline=20)
        with stranger, pytest.raises(ClientError, match=r"401|UNAUTHENTICATED"):
            stranger.classify(["好"])


def test_a_step_reaches_the_guard_and_not_the_server(guarded: Stack, images: Any, certificate: Path) -> None:
    services = addresses(guarded, LISTENING)
    assert set(services) == {"serving", "guard"}
    assert reached(in_a_step(guarded, images), services) == {"guard"}
    shown = [f"--env=SENTIMENT_SERVING_TOKEN={TOKEN}", "--env=SENTIMENT_SERVING_CA=/ca.crt"]
    command = in_a_step(guarded, images, *shown, f"--volume={certificate}:/ca.crt:ro", f"--user={CONTAINERS_USER}")
    assert run([*command, "-c", ASK]).strip() == "正面"


def test_the_server_publishes_no_port_and_has_no_way_out(guarded: Stack) -> None:
    found = {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in guarded.containers()}
    server, guard = found["serving"], found["guard"]
    [network] = server["NetworkSettings"]["Networks"]
    assert run(["docker", "network", "inspect", "--format={{.Internal}}", network]).strip() == "true"
    assert not server["HostConfig"]["PortBindings"]
    published = [each["HostIp"] for ports in guard["HostConfig"]["PortBindings"].values() for each in ports]
    assert published == ["127.0.0.1"] * 2
    for container in (server, guard):
        assert container["HostConfig"]["CapDrop"] == ["ALL"] and container["HostConfig"]["ReadonlyRootfs"]
        assert container["HostConfig"]["LogConfig"]["Config"] == {"max-file": "5", "max-size": "20m"}
