"""`run_serving.sh`, with a `docker` in the PATH that only writes down what it was asked: there is no image here."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sentiment.serving.models_config import render
from sentiment.serving.state import State

SERVING = Path(__file__).resolve().parents[2] / "serving"
DOCKER = """#!{python} -IS
import json, sys
open({log!r}, "a").write(json.dumps(sys.argv[1:]) + "\\n")
known = {answers!r}
sys.exit(0 if sys.argv[1] in known or " ".join(sys.argv[1:3]) in known else 1)
"""


class Machine:
    """A PATH with a `docker` in it, and a home with a published model."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "docker.jsonl"
        self.home = folder / "家 of $(touch harm) `touch harm`; 'me'"
        self.base_path = str(self.home / "serving" / "models" / "sentiment")
        (folder / "bin").mkdir()
        for name in ("bash", "dirname", "head", "id", "mkdir", "rm", "sed"):
            (folder / "bin" / name).symlink_to(f"/usr/bin/{name}")
        self.docker_answers("info", "run")
        self.publish(self.base_path)

    def docker_answers(self, *commands: str) -> None:
        docker = self.folder / "bin" / "docker"
        docker.write_text(DOCKER.format(python=sys.executable, log=str(self.log), answers=commands), encoding="utf-8")
        docker.chmod(0o755)

    def publish(self, base_path: str) -> None:
        models = self.home / "serving" / "models"
        models.mkdir(parents=True, exist_ok=True)
        text = render(State(stables=(1,)), "sentiment", base_path)
        (models / "models.config").write_text(text, encoding="utf-8")

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SERVING / "run_serving.sh")],
            env={"PATH": str(self.folder / "bin"), "SENTIMENT_HOME": str(self.home), **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def asked(self) -> list[str]:
        """Returns the arguments of `docker run`."""
        calls = [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]
        [run] = [call for call in calls if call[0] == "run"]
        return list(run)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def after(arguments: list[str], name: str) -> list[str]:
    return [value for option, value in itertools.pairwise(arguments) if option == name]


def test_it_starts_the_server_on_what_is_published_with_the_flags_of_the_file(machine: Machine) -> None:
    done = machine.run()
    assert (done.returncode, done.stdout) == (0, "")
    assert "gRPC at 127.0.0.1:8500" in done.stderr
    asked, models = machine.asked(), machine.home / "serving" / "models"
    assert after(asked, "--publish") == ["127.0.0.1:8500:8500", "127.0.0.1:8501:8501"]
    assert after(asked, "--mount") == [
        f"type=bind,source={models},target={models},readonly",
        f"type=bind,source={SERVING},target=/serving,readonly",
        f"type=bind,source={SERVING},target=/scripts,readonly",
        f"type=bind,source={machine.home}/serving/servers,target=/notes",
    ]
    assert (machine.home / "serving" / "servers").is_dir()
    assert after(asked, "--env") == [
        *(f"MODELS={models}", "SERVING=/serving", "NOTES=/notes", "SERVER_NAME=sentiment-serving"),
    ]
    assert after(asked, "--restart") == ["unless-stopped"]
    assert after(asked, "--memory") == ["4g"]
    assert (after(asked, "--log-driver"), after(asked, "--log-opt")) == (["local"], ["max-size=20m", "max-file=5"])
    assert after(asked, "--user") == [f"{os.getuid()}:{os.getgid()}"]
    image = asked.index("tensorflow/serving:2.17.0")
    assert after(asked, "--entrypoint") == ["bash"]
    assert asked[image + 1 :] == ["/scripts/start_in_container.sh", "tensorflow_model_server"]
    assert sorted(path.name for path in machine.folder.iterdir()) == sorted(["bin", "docker.jsonl", machine.home.name])


def test_a_new_container_is_given_what_the_one_before_died_of(machine: Machine) -> None:
    note = machine.home / "serving" / "servers" / "sentiment-serving"
    note.parent.mkdir()
    note.write_text("held 0123456789abcdef 1\n")
    assert machine.run().returncode == 0
    assert not note.exists()


def test_models_are_mounted_where_their_configuration_says(machine: Machine) -> None:
    machine.publish("/models/sentiment")
    assert machine.run().returncode == 0
    models = machine.home / "serving" / "models"
    assert after(machine.asked(), "--mount")[0] == f"type=bind,source={models},target=/models,readonly"
    assert "MODELS=/models" in after(machine.asked(), "--env")


def test_memory_cores_and_gpus_are_what_was_asked_for(machine: Machine) -> None:
    done = machine.run(
        CONTAINER_RAM="8g", CONTAINER_CPU="2.5", DEVICE="gpu", GPUS="device=1", NAME="mine", BIND="10.0.0.7"
    )
    assert done.returncode == 0, done.stderr
    asked = machine.asked()
    found = {name: after(asked, name)[0] for name in ("--memory", "--memory-swap", "--cpus", "--gpus", "--name")}
    assert list(found.values()) == ["8g", "8g", "2.5", "device=1", "mine"]
    assert "tensorflow/serving:2.17.0-gpu" in asked
    assert {"TF_FORCE_GPU_ALLOW_GROWTH=true", "THREADS=3"} <= set(after(asked, "--env"))
    assert after(asked, "--publish")[0] == "10.0.0.7:8500:8500"


def test_a_home_may_have_flags_of_its_own(machine: Machine) -> None:
    flags = machine.home / "serving" / "flags"
    flags.write_text("# why\n--batching_parameters_file={serving}/b.config\n\n--enable_batching=true", encoding="utf-8")
    assert machine.run().returncode == 0
    own = machine.home / "serving"
    assert f"type=bind,source={own},target=/serving,readonly" in after(machine.asked(), "--mount")
    flags.write_text("--enable_batching=$(touch harm) x\n", encoding="utf-8")
    done = machine.run()
    assert done.returncode == 2 and "must be --name=value; found --enable_batching=$(touch harm) x." in done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DEVICE", "tpu", "DEVICE must be cpu or gpu; found tpu."),
        ("GRPC_PORT", "0", "GRPC_PORT must be a port; found 0."),
        ("REST_PORT", "8501; touch harm", "REST_PORT must be a port; found 8501; touch harm."),
        ("CONTAINER_RAM", "--privileged", "CONTAINER_RAM must be a size such as 8g; found --privileged."),
        ("CONTAINER_CPU", "$(touch harm)", "CONTAINER_CPU must be a number of cores; found $(touch harm)."),
        ("NAME", "a b", "NAME must be a container's name, IMAGE an image's; found a b, tensorflow/serving:2.17.0."),
        ("IMAGE", "--privileged", "found sentiment-serving, --privileged."),
        ("BIND", "-p", "BIND must be an address; found -p."),
        (
            "SENTIMENT_HOME",
            "/nowhere",
            "a model must have been published; found no /nowhere/serving/models/models.config.",
        ),
    ],
)
def test_what_cannot_be_is_one_line(machine: Machine, variable: str, value: str, said: str) -> None:
    done = machine.run(**{variable: value})
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert said in done.stderr
    assert not machine.log.exists() or '"run"' not in machine.log.read_text(encoding="utf-8")


def test_a_base_path_that_docker_cannot_mount_is_refused(machine: Machine) -> None:
    machine.publish("/a,readonly=false/sentiment")
    done = machine.run()
    assert done.returncode == 2 and "a mounted path must be absolute" in done.stderr
    machine.publish("/sentiment")
    assert "the models' base path must be below a folder; found /sentiment." in machine.run().stderr


def test_no_docker_no_engine_and_a_name_in_use_are_told_apart(machine: Machine) -> None:
    machine.docker_answers("info", "container inspect", "run")
    assert "the container's name must be free; found a container sentiment-serving." in machine.run().stderr
    machine.docker_answers()
    assert "a Docker engine must answer; found none." in machine.run().stderr
    (machine.folder / "bin" / "docker").unlink()
    done = machine.run()
    assert done.returncode == 2 and "Docker must be installed; found no docker." in done.stderr
