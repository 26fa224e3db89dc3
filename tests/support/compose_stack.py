"""A copy of the checkout whose Compose files are run for real, with stand-ins for the images that are not ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
PARTS = (
    "docker-compose.yml",
    "docker-compose.guard.yml",
    "Makefile",
    "docker",
    "serving",
    "requirements",
    "tests/docker/stack",
)
CONTAINERS_USER = 1000


class Stack:
    """The services of a copy of the checkout, as these of its Compose files have them."""

    def __init__(self, folder: Path, *files: str) -> None:
        self.folder, self.files = folder, files
        lines = (folder / ".env").read_text(encoding="utf-8").splitlines()
        self.env = dict(line.split("=", 1) for line in lines)
        self.home = Path(self.env["STACK_HOME"])

    def compose(self, *arguments: str) -> str:
        """Runs Compose: v2 where there is one, else docker-compose 1.29. Returns what it printed."""
        command = ["docker", "compose"] if compose_version() else ["docker-compose"]
        return run([*command, *(f"--file={name}" for name in self.files), *arguments], self.folder)

    def containers(self, *filters: str) -> list[dict[str, Any]]:
        """Returns what the engine knows of this stack's containers."""
        chosen = [f"--filter=label=com.docker.compose.project={self.env['COMPOSE_PROJECT_NAME']}", *filters]
        return inspect(run(["docker", "ps", "--all", "--quiet", *chosen]).split())


def compose_version() -> tuple[int, ...]:
    """Returns the version of `docker compose`, such as (2, 26); () when there is none."""
    if shutil.which("docker") is None:
        return ()
    asked = ["docker", "compose", "version", "--short"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return tuple(int(part) for part in done.stdout.lstrip("v").split(".")[:2]) if done.returncode == 0 else ()


def run(command: list[str], folder: Path = CHECKOUT) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def inspect(ids: list[str]) -> list[dict[str, Any]]:
    return list(json.loads(run(["docker", "inspect", *ids]))) if ids else []


def copy_of_the_checkout(copy: Path, home: Path, **own: object) -> None:
    """Makes a copy with an `.env`, to which `own` is added, for a home that belongs to nobody in particular."""
    for part in PARTS:
        source = CHECKOUT / part
        (copy / part).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / part)
    give_away(home)
    run(["make", "env", f"STACK_HOME={home}", "TRYOUT=1"], copy)
    with (copy / ".env").open("a", encoding="utf-8") as file:
        file.writelines(f"{key}={value}\n" for key, value in own.items())


def give_away(folder: Path) -> None:
    """Makes a folder with all that is in it the containers' user's."""
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, CONTAINERS_USER, CONTAINERS_USER)


# Which of these does a program in a container connect to? {name: [hosts, port]} → the names.
REACHED = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def answers(host, port):
    try:
        socket.create_connection((host, port), 2).close()
    except OSError:
        return False
    return True
asked = [(name, host, port) for name, (hosts, port) in json.loads(sys.argv[1]).items() for host in hosts]
with ThreadPoolExecutor(len(asked)) as threads:  # at once: a name that nobody knows takes its time, and the step ends
    found = list(threads.map(lambda each: answers(*each[1:]), asked))
print(json.dumps(sorted({name for (name, _, _), is_there in zip(asked, found) if is_there})))
"""
Listening = dict[str, tuple[list[str], int]]  # service → its name and its addresses, and the port


def addresses(stack: Stack, ports: Mapping[str, int]) -> Listening:
    """Returns where each service listens: at its name, and at its address in each of its networks."""
    found: Listening = {}
    for container in stack.containers():
        name = container["Config"]["Labels"]["com.docker.compose.service"]
        if name in ports:
            networks = container["NetworkSettings"]["Networks"].values()
            found[name] = [name, *(network["IPAddress"] for network in networks)], ports[name]
    return found


def reached(command: list[str], services: Listening) -> set[str]:
    """Returns which services a program can connect to that `docker …` starts in a container with `python`."""
    return set(json.loads(run([*command, "-c", REACHED, json.dumps(services)])))
