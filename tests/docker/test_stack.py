"""docker-compose.yml for real: retrain, approval and promotion on two workers, one of which is killed in the middle.

No image is pulled: stack/stand-ins.yml builds stand-ins for what is not ours. All else is as a person has it: a copy of
the checkout, `make env`, the images, `up --scale worker=2`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from support.compose_stack import (
    CHECKOUT,
    CONTAINERS_USER,
    Stack,
    addresses,
    copy_of_the_checkout,
    inspect,
    reached,
    run,
)

from sentiment.demo.acts import APPROVE
from sentiment.demo.airflow_api import AirflowApi
from sentiment.validation.throwaway import free_ports

SAMPLE = CHECKOUT / "datasets" / "old_sentiment"
PORTS = ("AIRFLOW_PORT", "REST_PORT", "GRPC_PORT", "MAIL_PORT", "STORE_PORT", "CONSOLE_PORT")
RETRAIN, PROMOTE, RUN = "sentiment_retrain", "sentiment_promote", "stack-night"
pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(2400)]


class ComposeStack(Stack):
    """The stack of a copy of the checkout, and what a person does with it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "docker-compose.yml", "tests/docker/stack/stand-ins.yml")
        self.address = f"http://127.0.0.1:{self.env['AIRFLOW_PORT']}"
        self.api = AirflowApi(self.address, "admin", self.env["AIRFLOW_ADMIN_PASSWORD"])

    def steps(self) -> list[dict[str, Any]]:
        """Returns the containers of steps, which workers start."""
        return inspect(run(["docker", "ps", "--all", "--quiet", f"--filter=label=sentiment.home={self.home}"]).split())

    def task(self, name: str) -> dict[str, Any]:
        return self.api.tasks(RETRAIN, RUN)[name]

    def subjects(self) -> list[str]:
        files = [path for path in (self.home / "mail").rglob("*") if path.is_file()]
        return [str(message_from_bytes(path.read_bytes(), policy=policy.default)["Subject"]) for path in files]

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Returns what the model server answers on its port of this machine."""
        url = f"http://127.0.0.1:{self.env['REST_PORT']}/v1/models/sentiment{path}"
        return json.loads(fetch(url, json.dumps(body) if body else None))


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 600) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(1)
    return found


@pytest.fixture(scope="module")
def stack(images: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeStack]:
    copy, home = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("home")
    shutil.copytree(SAMPLE, home / "datasets" / "old_sentiment")
    (home / "mail").mkdir()
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    name = f"sentiment-under-test-{os.getpid()}"
    own = {
        **ports,
        "AIRFLOW_URL": f"http://localhost:{ports['AIRFLOW_PORT']}",
        "COMPOSE_PROJECT_NAME": name,
        "STACK_NAME": name,
        "AIRFLOW_IMAGE": images.airflow,
        "SENTIMENT_RUNNER_IMAGE": images.trainer,
        "SENTIMENT_SETTLE_SECONDS": 0,
        "SENTIMENT_NIGHTLY": "off",
        "SENTIMENT_WATCH": "off",
    }
    copy_of_the_checkout(copy, home, **own)
    stack = ComposeStack(copy)
    stack.compose("build")
    try:
        stack.compose("up", "--detach", "--scale", "worker=2")
        assert stack.api.wait_until_up(600, check=lambda: None), stack.compose("logs", "--tail=20")
        yield stack
        print(stack.compose("ps"))  # pytest shows it where a test failed
    finally:
        for step in stack.steps():
            run(["docker", "rm", "--force", step["Id"]])
        stack.compose("down", "--volumes", "--remove-orphans")


@pytest.fixture(scope="module")
def night(stack: ComposeStack) -> dict[str, Any]:
    """A delivery in the store, a retrain of it, and in the middle of the training its worker's end."""
    wait_until(lambda: stack.api.dag_is_there(RETRAIN) and stack.api.dag_is_there(PROMOTE), "the workflows are there")
    deliver(stack, SAMPLE / "arrivals" / "night-1.tsv")
    stack.api.trigger(RETRAIN, RUN, {"model_name": "scratch/tiny", "num_epochs": 6})
    wait_until(lambda: stack.task("train")["state"] == "running" and stack.steps(), "the training runs", 900)
    first = stack.task("train")
    [step] = stack.steps()
    from_step = reached(inside(step), addresses(stack, LISTENING))
    run(["docker", "kill", first["hostname"]])
    state = wait_until(lambda: finished(stack), "the retrain ends", 1200)
    return {"first": first, "step": step, "from step": from_step, "state": state, "again": stack.task("train")}


LISTENING = {"postgres": 5432, "redis": 6379, "engine-proxy": 2375, "api-server": 8080, "serving": 8501, "store": 9000}


def inside(container: dict[str, Any]) -> list[str]:
    return ["docker", "exec", container["Id"], "python"]


def deliver(stack: ComposeStack, path: Path) -> None:
    import boto3

    store = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{stack.env['STORE_PORT']}",
        aws_access_key_id=stack.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=stack.env["AWS_SECRET_ACCESS_KEY"],
        region_name=stack.env["AWS_DEFAULT_REGION"],
    )
    store.create_bucket(Bucket="posts")
    store.upload_file(str(path), "posts", f"labelled/{path.name}")


def finished(stack: ComposeStack) -> str:
    state = stack.api.run_state(RETRAIN, RUN)
    return state if state in ("success", "failed") else ""


def test_a_killed_worker_costs_a_try_and_not_the_night(stack: ComposeStack, night: dict[str, Any]) -> None:
    assert night["state"] == "success", stack.api.tasks(RETRAIN, RUN)
    first, again = night["first"], night["again"]
    assert (first["try_number"], again["try_number"]) == (1, 2) and first["hostname"] != again["hostname"]
    assert stack.steps() == [], "the killed worker's step is removed, and the others remove themselves"
    owners = {path.stat().st_uid for path in (stack.home / "runs").rglob("*")}
    assert owners == {CONTAINERS_USER}


def test_a_step_reaches_the_store_and_the_model_server_and_nothing_of_airflows(
    stack: ComposeStack, night: dict[str, Any]
) -> None:
    """Before the first model there is no model server; whoever can look up its name would reach it."""
    assert night["from step"] == {"store"}
    services = addresses(stack, LISTENING)
    [scheduler] = stack.containers("--filter=label=com.docker.compose.service=scheduler")
    assert reached(inside(scheduler), services) == {"postgres", "redis", "api-server"}
    [worker] = filter(running, stack.containers("--filter=label=com.docker.compose.service=worker"))
    assert reached(inside(worker), services) == {"postgres", "redis", "api-server", "engine-proxy"}
    [serving] = stack.containers("--filter=label=com.docker.compose.service=serving")
    assert reached(inside(serving), services) == {"serving", "store", "api-server"}, "it is asked by the Models page"


def test_no_container_has_a_capability_or_a_root_that_can_be_written(
    stack: ComposeStack, night: dict[str, Any]
) -> None:
    for container in [*stack.containers(), night["step"]]:
        given, name = container["HostConfig"], container["Name"]
        assert (given["CapDrop"], given["CapAdd"], given["ReadonlyRootfs"]) == (["ALL"], None, True), name
        assert given["SecurityOpt"] == ["no-new-privileges:true"] and given["PidsLimit"] > 0, name
        mounted = [mount["Source"] for mount in container["Mounts"] if mount["Source"].endswith("docker.sock")]
        assert bool(mounted) == name.endswith("engine-proxy-1" if "-1" in name else "engine-proxy_1"), name


def test_no_containers_log_fills_the_disk(stack: ComposeStack) -> None:
    rotated = {"Type": "local", "Config": {"max-file": "5", "max-size": "20m"}}
    found = {container["Name"]: container["HostConfig"]["LogConfig"] for container in stack.containers()}
    assert found == dict.fromkeys(found, rotated)


ROOT_OF_THE_MACHINE = """
import http.client, json
engine = http.client.HTTPConnection("engine-proxy", 2375)
wanted = {"Image": "sentiment-airflow", "HostConfig": {"Privileged": True, "Binds": ["/:/machine"]}}
engine.request("POST", "/v1.41/containers/create", json.dumps(wanted), {"Content-Type": "application/json"})
answer = engine.getresponse()
print(answer.status, answer.read().decode())
"""


def test_a_worker_cannot_make_itself_the_root_of_the_machine(stack: ComposeStack, night: dict[str, Any]) -> None:
    [worker] = filter(running, stack.containers("--filter=label=com.docker.compose.service=worker"))
    said = run(["docker", "exec", worker["Id"], "python", "-c", ROOT_OF_THE_MACHINE])
    assert said.startswith("403 ") and "a step's container must" in said


def test_a_person_approves_and_customers_get_the_version(stack: ComposeStack, night: dict[str, Any]) -> None:
    [question] = wait_until(stack.api.pending_approvals, "the approval waits")
    asked = question["task_instance"]
    stack.api.answer(PROMOTE, asked["dag_run_id"], asked["task_id"], APPROVE, {"reason": "good on both sets"})
    wait_until(lambda: stack.api.run_state(PROMOTE, asked["dag_run_id"]) == "success", "the promotion")
    answer = stack.ask("/labels/stable:predict", {"signature_name": "text", "instances": ["這家店超棒的"]})
    assert len(answer["predictions"]) == 1
    [promoted] = [event for event in history(stack) if event["event"] == "promoted"]
    assert promoted["who"] == "admin" and "good on both sets" in promoted["why"]
    subjects = " | ".join(wait_until(lambda: len(stack.subjects()) >= 2 and stack.subjects(), "two mails"))
    assert "waits for your approval" in subjects and "approved by" in subjects


def history(stack: ComposeStack) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (stack.home / "serving" / "history.jsonl").read_text("utf-8").splitlines()]


def test_every_service_is_well_but_the_killed_one(stack: ComposeStack, night: dict[str, Any]) -> None:
    well = {name: ["healthy"] for name in ("api-server", "scheduler", "dag-processor", "triggerer", "serving")}
    well |= {"postgres": ["healthy"], "redis": ["healthy"], "engine-proxy": ["healthy"], "initialise": ["exited"]}
    well |= {"store": ["running"], "mail": ["running"]}
    deadline = time.monotonic() + 120
    while (found := states(stack)) != well | {"worker": found["worker"]} and time.monotonic() < deadline:
        time.sleep(2)
    assert found == well | {"worker": found["worker"]} and "healthy" in found["worker"]


def states(stack: ComposeStack) -> dict[str, list[str]]:
    """Returns how the containers of each service are: their health, or where none is asked, their state."""
    found: dict[str, list[str]] = {}
    for container in stack.containers():
        service, state = container["Config"]["Labels"]["com.docker.compose.service"], container["State"]
        found.setdefault(service, []).append(state.get("Health", {}).get("Status") or state["Status"])
    return found


def test_nothing_listens_beyond_this_machine_and_nobody_gets_in_without_a_password(stack: ComposeStack) -> None:
    bound = [
        binding["HostIp"]
        for container in stack.containers()
        for bindings in container["HostConfig"]["PortBindings"].values()
        for binding in bindings
    ]
    assert len(bound) >= 3 and set(bound) == {"127.0.0.1"}
    for path in ("/api/v2/dags", "/sentiment/models/"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(stack.address + path, timeout=60)


def test_the_models_page_is_there_for_who_is_logged_in(stack: ComposeStack, night: dict[str, Any]) -> None:
    who = {"username": "admin", "password": stack.env["AIRFLOW_ADMIN_PASSWORD"]}
    token = fetch(f"{stack.address}/auth/token", json.dumps(who), **{"Content-Type": "application/json"})
    bearer = f"Bearer {json.loads(token)['access_token']}"
    page = fetch(f"{stack.address}/sentiment/models/", Authorization=bearer)
    assert "version 1" in page and "by admin" in page
    assert "stack-night" in fetch(f"{stack.address}/sentiment/models/versions/1", Authorization=bearer)


def fetch(address: str, body: str | None = None, **headers: str) -> str:
    request = urllib.request.Request(address, data=body.encode() if body else None, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as page:
        return str(page.read().decode())


def test_a_worker_that_is_killed_is_told_by_its_health_check(stack: ComposeStack, night: dict[str, Any]) -> None:
    alive = [each for each in stack.containers("--filter=label=com.docker.compose.service=worker") if running(each)]
    check = ["docker", "exec", alive[0]["Id"], "python", "/opt/airflow/health.py"]
    assert subprocess.run([*check, "worker"], capture_output=True, check=False).returncode == 0
    away = subprocess.run([*check, "flower"], capture_output=True, text=True, check=False)
    assert away.returncode == 1 and away.stderr.startswith("flower: KeyError")


def running(container: dict[str, Any]) -> bool:
    return bool(container["State"]["Running"])
