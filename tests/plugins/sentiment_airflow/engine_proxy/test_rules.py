"""Which requests the engine's proxy lets through; tests/docker runs it before a real engine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sentiment_airflow.engine_proxy.request import RefusedError, read, stated
from sentiment_airflow.engine_proxy.rules import Steps, check, host_configs, is_of
from sentiment_airflow.engine_proxy.serve import head

from sentiment.settings import RunnerSettings

ID = "0a" * 32
HOME = Path("/srv/home")
NAME = "sentiment-train-0123456789ab"


def steps(**given: Any) -> Steps:
    return Steps(HOME, "1000:1000", RunnerSettings(runner="docker", network="steps", **given))


def body(own: Steps, **changes: Any) -> dict[str, Any]:
    fixed = {
        "Image": own.settings.image,
        "User": own.user,
        "WorkingDir": str(own.home),
        "Labels": {"sentiment.home": own.label},
    }
    return {**fixed, "Cmd": ["train"], "Env": ["A=b"], "HostConfig": host_configs(own)[0], **changes}


def create(own: Steps, name: str = NAME, **changes: Any) -> str | None:
    content = json.dumps(body(own, **changes)).encode()
    return check(read("POST", f"/v1.41/containers/create?name={name}", content), own)


def writing_to(setting: str, place: str) -> Steps:
    given: dict[str, Any] = {setting: place}
    return replace(steps(), **given)


@pytest.mark.parametrize("setting", ["backup_folder", "scores"])
def test_a_step_writes_to_a_folder_beside_the_home_where_one_is_set(setting: str) -> None:
    plain, writing = steps(), writing_to(setting, "/written")
    asked = host_configs(writing)[-1]
    assert [mount["Target"] for mount in asked["Mounts"]] == ["/srv/home", "/written"]
    assert create(writing, HostConfig=asked) is None
    assert create(writing) is None
    with pytest.raises(RefusedError, match="must have another Mounts"):
        create(plain, HostConfig=asked)
    assert host_configs(writing_to(setting, "s3://bucket/folder")) == host_configs(plain)


LISTED = '{"label":["sentiment.home=/srv/home"]}'


@pytest.mark.parametrize(
    ("method", "target", "container"),
    [
        ("GET", "/_ping", None),
        ("GET", "/version", None),
        ("GET", '/v1.41/images/json?only_ids=0&all=0&filters={"reference":["sentiment-trainer"]}', None),
        ("POST", "/v1.41/images/create?tag=latest&fromImage=sentiment-trainer", None),
        ("GET", f"/v1.41/containers/json?limit=-1&all=1&size=0&trunc_cmd=0&filters={LISTED}", None),
        ("GET", f"/v1.41/containers/{ID}/json", ID),
        ("POST", f"/v1.41/containers/{ID}/attach?logs=0&stdout=1&stderr=1&stream=1", ID),
        ("POST", f"/v1.41/containers/{ID}/start", ID),
        ("POST", f"/v1.41/containers/{ID}/stop?t=2", ID),
        ("POST", f"/v1.41/containers/{ID}/wait", ID),
        ("DELETE", f"/v1.41/containers/{ID}?v=True&link=False&force=True", ID),
    ],
)
def test_what_running_a_step_takes_is_let_through(method: str, target: str, container: str | None) -> None:
    assert check(read(method, target, b""), steps()) == container


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/v1.41/info"),
        ("POST", f"/v1.40/containers/{ID}/start"),
        ("POST", f"/containers/{ID}/start"),
        ("GET", "/v1.41/containers/json?all=1"),
        ("GET", '/v1.41/containers/json?filters={"label":["sentiment.home=/srv/other"]}'),
        ("GET", '/v1.41/containers/json?filters={"label":{"sentiment.home=/srv/home":true}}'),
        ("GET", f"/v1.41/containers/json?filters={LISTED}&filters={{}}"),
        ("GET", '/v1.41/containers/json?filters={"label":["sentiment.home=/srv/home"],"label":[]}'),
        ("GET", f"/v1.41/containers/{ID}/archive?path=/"),
        ("POST", f"/v1.41/containers/{ID}/exec"),
        ("POST", f"/v1.41/containers/{ID}/update"),
        ("POST", f"/v1.41/containers/{ID}/attach?stdin=1"),
        ("POST", "/v1.41/containers/postgres/stop"),
        ("POST", f"/v1.41/containers/{ID}/../../../build"),
        ("POST", f"/v1.41/containers/{ID}%2fstart"),
        ("DELETE", f"/v1.41/containers/{ID}/json"),
        ("DELETE", "/v1.41/images/sentiment-trainer"),
        ("POST", "/v1.41/images/create?fromImage=evil&tag=latest"),
        ("POST", "/v1.41/images/create?fromImage=sentiment-trainer&tag=latest&fromSrc=http://evil"),
        ("POST", "/v1.41/build?remote=http://evil"),
        ("POST", "/v1.41/networks/sentiment/connect"),
        ("GET", "http://elsewhere/_ping"),
        ("PUT", "/_ping"),
    ],
)
def test_everything_else_is_refused(method: str, target: str) -> None:
    with pytest.raises(RefusedError):
        check(read(method, target, b""), steps())


def test_a_container_like_a_steps_is_let_through() -> None:
    assert create(steps()) is None
    gpus = steps(gpus="all", memory="8g", mounts=("/models",))
    assert [create(gpus, HostConfig=each) for each in host_configs(gpus)] == [None, None]


@pytest.mark.parametrize(
    "changes",
    [
        {"Image": "evil"},
        {"User": "0:0"},
        {"User": ""},
        {"WorkingDir": "/"},
        {"Labels": {"sentiment.home": "/srv/other"}},
        {"Labels": ["sentiment.home=/srv/home"]},
        {"Entrypoint": ["sh"]},
        {"NetworkingConfig": {"EndpointsConfig": {"sentiment_database": {"Aliases": ["serving"]}}}},
        {"Hostname": "serving"},
        {"hostconfig": {"Privileged": True}},
        {"Volumes": {"/x": {"x": 1}}},
        {"HostConfig": None},
        {"HostConfig": ["Privileged"]},
        {"name": "serving"},
        {"name": f"{NAME}/x"},
    ],
    ids=str,
)
def test_a_container_unlike_a_steps_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match="a step's container must"):
        create(steps(), **changes)


KEYS = ["Privileged", "privileged", "Binds", "CapAdd", "CapDrop", "PidMode", "Mounts", "NetworkMode", "ReadonlyRootfs"]
VALUES = some.one_of(some.just(True), some.text(min_size=1), some.lists(some.text(min_size=1), min_size=1))


@given(some.dictionaries(some.sampled_from(KEYS) | some.text(max_size=12), VALUES, min_size=1))
def test_whatever_else_a_host_configuration_states_is_refused(changes: dict[str, Any]) -> None:
    like_a_step = stated(host_configs(steps())[0])
    asked = {**like_a_step, **changes}
    if asked == like_a_step:
        assert create(steps(), HostConfig=asked) is None
    else:
        with pytest.raises(RefusedError, match="a step's container must have another"):
            create(steps(), HostConfig=asked)


def test_what_is_passed_on_is_what_was_understood() -> None:
    """The engine takes names in any case, so an empty value under another case would undo the one that was checked."""
    sent = body(
        steps(),
        user="",
        Volumes={"/x": {}},
        HostConfig={**host_configs(steps())[0], "capdrop": [], "privileged": False},
    )
    request = read("POST", f"/containers/create?name={NAME}", json.dumps(sent).encode())
    passed_on = json.loads(request.content)
    assert not {"user", "Volumes"} & passed_on.keys() and not {"capdrop", "privileged"} & passed_on["HostConfig"].keys()
    assert passed_on["HostConfig"]["CapDrop"] == ["ALL"]
    twice = b'{"HostConfig": {"CapDrop": ["ALL"]}, "HostConfig": {"Privileged": true}}'
    with pytest.raises(RefusedError, match="each name once"):
        read("POST", "/containers/create", twice)


@pytest.mark.parametrize("content", [b"[]", b"{", b"x=1&fromSrc=evil", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(content: bytes) -> None:
    with pytest.raises(RefusedError, match="must be"):
        read("POST", "/containers/create", content)


def test_the_engine_is_given_no_header_of_a_client_but_the_registrys_credential() -> None:
    pull = read("POST", "/images/create?fromImage=sentiment-trainer&tag=latest", b"")
    assert b"\r\nX-Registry-Auth: ey-_=\r\n" in head(pull, "ey-_=")
    assert b"X-Registry-Auth" not in head(pull, "ey\r\n Host: x")
    assert b"X-Registry-Auth" not in head(read("GET", "/_ping", b""), "ey")


def test_whose_a_container_is_follows_from_its_label() -> None:
    assert is_of({"Config": {"Labels": {"sentiment.home": "/srv/home"}}}, steps())
    for other in (
        {},
        {"message": "no"},
        {"Config": {"Labels": None}},
        {"Config": {"Labels": {"sentiment.home": "/x"}}},
    ):
        assert not is_of(other, steps())


def test_an_image_with_a_digest_is_pulled_by_it() -> None:
    own = steps(image=f"registry/trainer@sha256:{ID}")
    assert check(read("POST", f"/v1.41/images/create?fromImage=registry/trainer&tag=sha256:{ID}", b""), own) is None
