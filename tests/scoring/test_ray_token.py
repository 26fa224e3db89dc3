"""Ray's token is made before a stranger's encoder takes the right to."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from sentiment.scoring import ray_token
from sentiment.scoring.engine import LOCAL, RAY, Engine


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Returns the commands that would have made one."""
    commands: list[list[str]] = []

    def make(command: list[str], **given: Any) -> None:
        assert given["stdout"] == subprocess.DEVNULL and given["umask"] == 0o077  # it prints the token
        commands.append(command)

    monkeypatch.setattr(subprocess, "run", make)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_MODE", *ray_token.NAMED_ELSEWHERE):
        monkeypatch.delenv(name, raising=False)
    return commands


def test_a_cluster_of_its_own_finds_a_token(made: list[list[str]], tmp_path: Path) -> None:
    ray_token.make_ready(Engine(RAY, 1))
    assert [command[-3:] for command in made] == [["ray.scripts.scripts", "get-auth-token", "--generate"]]
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray/auth_token").write_text("token", encoding="ascii")
    ray_token.make_ready(Engine(RAY, 1))
    assert len(made) == 1


@pytest.mark.parametrize(
    ("engine", "environment"),
    [
        (Engine(LOCAL, 1), {}),
        (Engine(RAY, 1, address="auto"), {}),
        (Engine(RAY, 1), {"RAY_AUTH_MODE": "disabled"}),
        (Engine(RAY, 1), {"RAY_AUTH_TOKEN": "token"}),
        (Engine(RAY, 1), {"RAY_AUTH_TOKEN_PATH": "/somewhere"}),
    ],
)
def test_who_needs_none_makes_none(
    engine: Engine, environment: dict[str, str], made: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ray_token.make_ready(engine)
    assert made == []
