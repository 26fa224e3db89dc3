"""docker-compose.yml and `make env`, as far as they can be judged without an engine; tests/docker runs them."""

from __future__ import annotations

import base64
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentiment.settings import RunnerSettings
from sentiment.settings.declaration import variables
from sentiment.validation.operations import SERVER

CHECKOUT = Path(__file__).resolve().parents[1]
COMPOSE = CHECKOUT / "docker-compose.yml"
OF_SCORES = CHECKOUT / "docker-compose.score.yml"
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
        image = re.sub(r"^\$\{SERVING_IMAGE:-(.+)\}$", r"\1", service["image"])
        assert re.fullmatch(r"[a-z/]+:\w[\w.-]+", image) or image == "${AIRFLOW_IMAGE:-sentiment-airflow}", name
        assert not image.endswith(":latest"), name
        assert all(port.startswith("${BIND:-127.0.0.1}:") for port in service.get("ports", ())), name


def test_no_service_has_a_capability_or_writes_into_its_image(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert (service["cap_drop"], service["read_only"]) == (["ALL"], True), name
        assert service["security_opt"] == ["no-new-privileges:true"] and service["pids_limit"] > 0, name
        assert not {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode"} & service.keys(), name


def test_no_services_log_fills_the_disk(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["logging"] == {"driver": "local", "options": {"max-size": "20m", "max-file": "5"}}, name


def test_the_script_and_the_stack_start_the_same_image(services: dict[str, dict[str, Any]]) -> None:
    script = (CHECKOUT / "serving" / "run_serving.sh").read_text(encoding="utf-8")
    for name, suffix in (("serving", ""), ("serving-gpu", "-gpu")):
        image = f"{SERVER}{suffix}"
        assert services[name]["image"] == f"${{SERVING_IMAGE:-{image}}}"
        assert f"image=${{IMAGE:-{image}}}" in script


def test_only_the_proxy_has_the_engines_socket_and_only_workers_reach_it(services: dict[str, dict[str, Any]]) -> None:
    with_socket = {name for name, service in services.items() if "docker.sock" in str(service.get("volumes"))}
    in_group = {name for name, service in services.items() if "group_add" in service}
    assert with_socket == in_group == {"engine-proxy"}
    assert members(services, "engine") == {"engine-proxy", "worker"}
    assert services["worker"]["environment"]["DOCKER_HOST"] == "tcp://engine-proxy:2375"


def members(services: dict[str, dict[str, Any]], network: str) -> set[str]:
    return {name for name, service in services.items() if network in service.get("networks", ["default"])}


def test_steps_share_no_network_with_airflow_or_its_database(services: dict[str, dict[str, Any]]) -> None:
    airflow = {"api-server", "scheduler", "dag-processor", "triggerer", "worker", "initialise"}
    assert members(services, "steps") == {"serving", "serving-gpu", "store"}
    assert members(services, "database") == {"postgres", "redis", *airflow}
    assert members(services, "default") == {"mail", *airflow}
    networks = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["networks"]
    assert {name for name, network in networks.items() if network.get("internal")} == {"database", "engine", "asking"}
    assert members(services, "asking") == {"api-server", "serving", "serving-gpu"}, (
        "the Models page asks the model server"
    )
    for name in ("worker", "engine-proxy"):
        assert services[name]["environment"]["SENTIMENT_RUNNER_NETWORK"] == networks["steps"]["name"]


WRITTEN = ("SENTIMENT_BACKUP_FOLDER", "SENTIMENT_SCORES")  # the folders beside the home that a step may write to


def test_the_proxy_knows_every_setting_of_a_steps_container_and_no_secret(services: dict[str, dict[str, Any]]) -> None:
    of_pods = {"SENTIMENT_RUNNER_NAMESPACE", "SENTIMENT_RUNNER_CLAIM", "SENTIMENT_RUNNER_SECRET"}
    of_pods |= {"SENTIMENT_RUNNER_POD_TEMPLATE"}
    known = services["engine-proxy"]["environment"].keys()
    assert known == variables(RunnerSettings) - of_pods | {"SENTIMENT_HOME", *WRITTEN, "PYTHONPATH"}
    assert "env_file" not in services["engine-proxy"]


def as_read(compose: list[str], folder: Path, *profiles: str, file: Path = COMPOSE) -> dict[str, dict[str, Any]]:
    """Returns the services as a version of Compose reads them."""
    if shutil.which(compose[0]) is None or subprocess.run([*compose, "version"], capture_output=True).returncode:
        pytest.skip(f"there is no `{' '.join(compose)}`")
    assert make_env(folder, str(folder), "--tryout").returncode == 0
    command = [*compose, f"--file={file}", f"--env-file={folder / '.env'}", f"--project-directory={folder}"]
    command += [*(f"--profile={profile}" for profile in profiles), "config"]
    environment = {**os.environ, "COMPOSE_PROFILES": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, ""), "not even a warning"
    return dict(yaml.safe_load(done.stdout)["services"])


def assert_confined(services: dict[str, dict[str, Any]]) -> None:
    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in services.values())
    assert all(service["logging"]["options"] == {"max-size": "20m", "max-file": "5"} for service in services.values())


AIRFLOW = {"api-server", "scheduler", "dag-processor", "triggerer", "worker", "initialise"}
CONFIGURED = [["cpu"], ["gpu"], ["cpu", "tryout"], ["gpu", "tryout"]]


@pytest.mark.parametrize("profiles", CONFIGURED, ids="+".join)
def test_compose_reads_it_as_it_is_meant_and_binds_every_port_to_this_machine(
    tmp_path: Path, profiles: list[str]
) -> None:
    services = as_read(["docker", "compose"], tmp_path, *profiles)
    assert ("serving-gpu" in services, "store" in services) == ("gpu" in profiles, "tryout" in profiles)
    published = [port["host_ip"] for service in services.values() for port in service.get("ports", ())]
    assert len(published) >= 3 and set(published) == {"127.0.0.1"}
    assert_confined(services)
    mailbox_too = {"mail"} if "tryout" in profiles else set()
    assert {name for name, service in services.items() if "default" in service["networks"]} == AIRFLOW | mailbox_too


def test_the_older_compose_reads_it_so_too(tmp_path: Path) -> None:
    """It shows the services of all profiles, and ports as texts."""
    services = as_read(["docker-compose"], tmp_path, "cpu")
    published = [port.rpartition(":")[0] for service in services.values() for port in service.get("ports", ())]
    assert len(published) >= 3 and all(port.startswith("127.0.0.1:") for port in published)
    assert_confined(services)
    assert {name for name, each in services.items() if "default" in each.get("networks", ["default"])} == AIRFLOW | {
        "mail"
    }
    waits = {name: each["condition"] for name, each in services["worker"]["depends_on"].items()}
    assert waits == dict.fromkeys(("api-server", "engine-proxy"), "service_healthy")


@pytest.mark.parametrize("compose", [["docker", "compose"], ["docker-compose"]], ids=" ".join)
def test_both_versions_of_compose_read_the_cluster_that_scores_an_archive(tmp_path: Path, compose: list[str]) -> None:
    services = as_read(compose, tmp_path, file=OF_SCORES)
    assert services.keys() == {"head", "worker"}
    assert_confined(services)
    for name, service in services.items():
        assert not {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode", "ports"} & service.keys(), name
        assert service["security_opt"] == ["no-new-privileges:true"] and service["pids_limit"] > 0, name
        assert service["environment"]["RAY_AUTH_MODE"] == "token" and service["environment"]["RAY_AUTH_TOKEN"], name
        assert {"mem_limit", "user", "shm_size"} <= service.keys(), name
    assert "/serving" in str(services["head"]["volumes"]) and "/serving" not in str(services["worker"]["volumes"])


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
    assert len(secret) == 8
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


def test_the_older_tools_container_is_confined_too() -> None:
    shown = subprocess.run(
        ["make", "--dry-run", "run_test_sentiment", "IN_DOCKER=1"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    [command] = [line for line in shown.replace("\\\n", " ").splitlines() if line.startswith("docker run ")]
    wanted = ("--cap-drop ALL", "--security-opt no-new-privileges", "--read-only", "--pids-limit 4096")
    assert all(each in command for each in wanted)
    assert re.findall(r"--cap-add (\S+)", command) == ["DAC_OVERRIDE"]
