"""What runs without anybody looking: the forge's workflow, the commit hooks, `.ci/run`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
WORKFLOW = CHECKOUT / ".github" / "workflows" / "ci.yml"
HOOKS = CHECKOUT / ".pre-commit-config.yaml"
CI = CHECKOUT / ".ci" / "run"


@pytest.mark.parametrize("file", [WORKFLOW, HOOKS, CI], ids=lambda path: path.name)
def test_every_make_target_that_is_named_exists(file: Path) -> None:
    named = set(re.findall(r"^[^#]*\bmake ([a-z_-]+)", file.read_text(encoding="utf-8"), re.MULTILINE))
    assert named
    for target in named:
        checked = subprocess.run(["make", "-n", target], cwd=CHECKOUT, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_the_workflow_runs_the_two_commands_of_the_readme() -> None:
    jobs: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    commands = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()}
    assert commands == {"test": ["make setup", "make test"], "demo": ["make setup", "make demo CHECK=1"]}
    assert all("uses" in step or "run" in step for job in jobs.values() for step in job["steps"])


def test_a_hook_runs_what_the_project_has_itself() -> None:
    [found] = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))["repos"]
    assert found["repo"] == "local" and {hook["language"] for hook in found["hooks"]} == {"system"}


class Machine:
    """A checkout that holds nothing but `.ci/run`, and stand-ins for the commands that take half an hour."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.called, self.checkout = folder / "bin", folder / "called", folder / "checkout"
        self.bin.mkdir()
        (self.checkout / ".ci").mkdir(parents=True)
        shutil.copy(CI, self.checkout / ".ci" / "run")
        self.has("make", f'echo "$*" >> {self.called}')
        self.has("chromium", "exit 0")
        self.has("docker", "exit 1")

    def has(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def run(self) -> tuple[list[str], str]:
        """Runs `.ci/run`; returns what it asked make for, and what it said."""
        environment = {"PATH": f"{self.bin}:{os.environ['PATH']}"}
        command = ["bash", str(self.checkout / ".ci" / "run")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return self.called.read_text(encoding="utf-8").splitlines(), done.stderr


BEFORE = ["test", "demo CHECK=1", "score-environment", "test-slow"]


def test_without_an_engine_the_images_are_left_out_and_one_line_says_so(tmp_path: Path) -> None:
    made, said = Machine(tmp_path).run()
    assert made == [*BEFORE, "test-torch"]
    [line] = [line for line in said.splitlines() if line.startswith("ci: ")]
    assert "skipped `make test-docker`" in line and "Start an engine" in line


def test_an_engine_that_answers_is_used_as_it_is(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.has("docker", "exit 0")
    made, said = machine.run()
    assert sorted(made) == sorted([*BEFORE, "build_images", "test-torch", "test-docker"]) and made[-1] == "test-docker"
    assert "ci: " not in said


def with_tool(folder: Path) -> Machine:
    """Returns a machine with a tool beside the checkout, which writes down what it is asked for."""
    machine = Machine(folder)
    tool = folder / "shared" / "tools" / "docker-engine"
    tool.parent.mkdir(parents=True)
    tool.write_text(f'echo "engine $*" >> {machine.called}\n', encoding="utf-8")
    return machine


def test_a_tool_beside_the_checkout_starts_the_engine_and_adds_compose(tmp_path: Path) -> None:
    made, _ = with_tool(tmp_path).run()
    asked = [call for call in made if call not in (*BEFORE, "test-torch")]
    assert asked == ["engine up", "engine compose-v2", "build_images", "test-docker"]


def test_an_engine_without_compose_v2_gets_it_and_one_with_it_gets_nothing(tmp_path: Path) -> None:
    machine = with_tool(tmp_path)
    machine.has("docker", '[ "$1" = info ]')
    assert [call for call in machine.run()[0] if call.startswith("engine")] == ["engine compose-v2"]
    machine.has("docker", "exit 0")
    machine.called.unlink()
    assert not [call for call in machine.run()[0] if call.startswith("engine")]
