"""docker-compose.yml and `make env`, as far as they can be judged without an engine; tests/docker runs them."""

from __future__ import annotations

import base64
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
COMPOSE = CHECKOUT / "docker-compose.yml"
ONE_SHOT = {"initialise"}


def make_env(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHECKOUT / "docker" / "environment.py"), f"--file={folder / '.env'}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def values(folder: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (folder / ".env").read_text(encoding="utf-8").splitlines() if line)


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"])


def test_every_service_is_limited_comes_back_and_says_how_it_is(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert "mem_limit" in service, name
        assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped"), name
        if name in ONE_SHOT:
            assert service["healthcheck"] == {"disable": True}, name
        elif "tryout" not in service.get("profiles", ()):
            assert service["healthcheck"]["test"], name


def test_every_image_is_pinned_and_every_port_is_of_this_machine_alone(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        image = service["image"]
        assert re.fullmatch(r"[a-z/]+:\w[\w.-]+", image) or image == "${AIRFLOW_IMAGE:-sentiment-airflow}", name
        assert not image.endswith(":latest"), name
        assert all(port.startswith("${BIND:-127.0.0.1}:") for port in service.get("ports", ())), name


def test_no_secret_has_a_default_and_make_env_makes_all_that_is_asked_for(tmp_path: Path) -> None:
    assert make_env(tmp_path, str(tmp_path), "--tryout").returncode == 0
    text = COMPOSE.read_text(encoding="utf-8")
    needed = set(re.findall(r"\$\{(\w+):\?run make env\}", text))
    assert needed <= set(values(tmp_path))
    assert not re.findall(r"\$\{\w*(?:PASSWORD|SECRET|KEY)\w*(?::?-[^}]*)?\}", text), "a secret that may be missing"


def test_secrets_are_long_each_machines_own_and_the_owners_alone(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        assert make_env(folder, str(folder)).returncode == 0
        assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    first, second = map(values, folders)
    secret = [name for name in first if re.search("PASSWORD|SECRET|KEY", name)]
    assert len(secret) == 7
    assert all(len(first[name]) >= 16 and first[name] != second[name] for name in secret)
    assert len(base64.urlsafe_b64decode(first["AIRFLOW_FERNET_KEY"])) == 32
    assert not any(re.search(r"[^\w=-]", first[name]) for name in secret), "safe in a URL and in a .env"


def test_what_is_there_stays_and_comes_to_no_ones_eyes(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\nPOSTGRES_PASSWORD=hunter2\nREDIS_PASSWORD=\nSENTIMENT_RUNNER=local\n\n")
    made = make_env(tmp_path, str(tmp_path))
    before = (tmp_path / ".env").read_text(encoding="utf-8")
    again = make_env(tmp_path, str(tmp_path), "--gpu")
    assert (tmp_path / ".env").read_text(encoding="utf-8").startswith(before), "the GPU's setting is added, no more"
    assert before.startswith("# mine\nPOSTGRES_PASSWORD=hunter2\n")
    found = dict(line.split("=", 1) for line in before.splitlines() if line and not line.startswith("#"))
    assert found["REDIS_PASSWORD"] and found["SENTIMENT_RUNNER"] == "local"
    assert "COMPOSE_PROFILES keeps its value; a new file would have gpu" in again.stderr
    said = made.stderr + again.stderr
    assert not any(value in said for name, value in found.items() if re.search("PASSWORD|SECRET|KEY", name))


def test_a_home_that_is_no_folder_and_a_line_that_is_none_are_one_clear_line(tmp_path: Path) -> None:
    awkward = tmp_path / "my home"
    awkward.mkdir()
    for home in (tmp_path / "none", awkward):
        refused = make_env(tmp_path, str(home))
        assert (
            refused.returncode == 2 and refused.stderr.count("\n") == 1 and f"found {home}. Create it" in refused.stderr
        )
    (tmp_path / ".env").write_text("a secret: hunter2\n")
    refused = make_env(tmp_path, str(tmp_path))
    assert refused.returncode == 2 and ".env, line 1, must be NAME=value" in refused.stderr
    assert (tmp_path / ".env").read_text() == "a secret: hunter2\n"


def test_the_folders_that_containers_share_belong_to_the_homes_owner(tmp_path: Path) -> None:
    make_env(tmp_path, str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} >= {"serving", "datasets", "runs"}
    assert (
        (tmp_path / "datasets" / "inbox").stat().st_uid == tmp_path.stat().st_uid == int(values(tmp_path)["STACK_UID"])
    )
