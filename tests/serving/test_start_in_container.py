"""`start_in_container.sh` with a stand-in for the server: whatever becomes of the canary, a restart serves stable."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from support.toy_servers import add_warmup, save_aborting

from sentiment.errors import InputError
from sentiment.model_server.boot import Fate, Machine, Starts, boot
from sentiment.serving.change import Change, changing
from sentiment.serving.flags import read_flags
from sentiment.serving.load import load
from sentiment.settings import Settings
from sentiment.validation.throwaway import NotServedError, free_ports, throwaway_server

SERVING = Path(__file__).resolve().parents[2] / "serving"
STAND_IN = Path(__file__).resolve().parents[1] / "support" / "stand_in_server.py"
WAIT = 30.0


class Container:
    """A home, and a container whose process can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(home=folder, serving_urls="")
        self.grpc, self.rest = free_ports(2)
        self.process: subprocess.Popen[str] | None = None
        self.notes = self.settings.servers_notes
        self.notes.mkdir(parents=True)
        self.log = folder / "log"
        self.patience = WAIT  # seconds

    def version(self, number: int, fate: str) -> None:
        folder = self.settings.versions / str(number)
        (folder / "variables").mkdir(parents=True, exist_ok=True)
        for name in ("saved_model.pb", "variables/variables.index"):
            (folder / name).touch()
        (folder / "fate").write_text(fate)

    def change(self, *events: tuple[str, int]) -> None:
        with changing(self.settings, "ops") as change:
            self.record(change, *events)

    @staticmethod
    def record(change: Change, *events: tuple[str, int]) -> None:
        for event, version in events:
            change.record(event, version)

    def start(self, *server: str) -> None:
        own = {"SENTIMENT_HOME": str(self.settings.home), "SERVER_NAME": "one"}
        ports = {"GRPC_PORT": str(self.grpc), "REST_PORT": str(self.rest), "LOOK_SECONDS": "0.1"}
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                ["bash", str(SERVING / "start_in_container.sh"), *(server or (sys.executable, "-IS", str(STAND_IN)))],
                env={**os.environ, **own, **ports},
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Kills everything in the container at once."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            self.process.wait(self.patience)
            # A container's network dies with it: nothing of it answers the next one.
            with suppress(OSError):
                while True:
                    socket.create_connection(("127.0.0.1", self.rest), 1).close()
                    time.sleep(0.01)

    def stop(self) -> None:
        """Asks it to stop, as Docker does."""
        assert self.process
        self.process.terminate()
        self.process.wait(self.patience)

    def ended(self) -> int:
        """Returns the exit code, when the server has died and the container with it."""
        assert self.process
        return self.process.wait(self.patience)

    def label(self, label: str) -> int | None:
        url = f"http://127.0.0.1:{self.rest}/v1/models/sentiment/labels/{label}/metadata"
        with suppress(OSError, urllib.error.HTTPError), urllib.request.urlopen(url, timeout=5) as answer:
            return int(json.load(answer)["model_spec"]["version"])
        return None

    def note(self) -> str:
        with suppress(FileNotFoundError):
            return (self.notes / "one").read_text().split()[0]
        return ""

    def until(self, holds: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + self.patience
        while not holds():
            assert time.monotonic() < deadline, f"{what}; its log: {self.log.read_text()}"
            time.sleep(0.05)


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    """A home with version 1 stable, which takes longer to load than a canary takes to fail."""
    container = Container(tmp_path)
    container.version(1, "loads 0.3")
    container.change(("published", 1), ("staged", 1), ("canary", 1), ("promoted", 1))
    yield container
    container.kill()


def canary(container: Container, fate: str) -> None:
    container.version(2, fate)
    container.change(("published", 2))
    with changing(container.settings, "ops") as change:
        container.record(change, ("staged", 2), ("canary", 2))


def serves(container: Container, label: str, version: int) -> Callable[[], bool]:
    return lambda: container.label(label) == version


@pytest.mark.parametrize("fate", ["fails 0", "fails 5", "loads 60"])
def test_a_broken_or_slow_canary_does_not_keep_stable_from_its_customers(container: Container, fate: str) -> None:
    canary(container, fate)
    container.start()
    container.until(serves(container, "stable", 1), "stable answers")
    container.until(lambda: container.note() in ("loading", "served"), "the canary was given to it")
    container.kill()
    container.start()
    container.until(serves(container, "stable", 1), "stable answers again")


def test_a_canary_that_loads_has_its_label_and_keeps_it_over_a_restart(container: Container) -> None:
    container.start()
    container.until(serves(container, "stable", 1), "stable answers")
    canary(container, "loads 0.1")
    container.until(serves(container, "canary", 2), "the canary answers")
    container.until(lambda: container.note() == "served", "it is noted")
    container.stop()
    assert container.note() == "stopped"
    container.start()
    container.until(serves(container, "canary", 2), "the canary answers again")


def test_a_canary_that_kills_the_server_costs_one_restart(container: Container) -> None:
    canary(container, "kills 0.1")
    container.start()
    assert container.ended() == 128 + signal.SIGKILL
    assert container.note() == "loading"
    container.start()
    container.until(serves(container, "stable", 1), "stable answers")
    container.until(lambda: "held back" in container.log.read_text(), "it is said")
    assert (container.note(), container.label("canary")) == ("held", None)
    container.change(("published", 3))  # models.config asks for nothing else
    time.sleep(0.5)
    assert (container.label("stable"), container.note()) == (1, "held")
    container.change(("withdrawn", 2))
    container.version(3, "loads 0")
    with changing(container.settings, "ops") as change:
        container.record(change, ("staged", 3), ("canary", 3))
    container.until(serves(container, "canary", 3), "the next canary answers")


def test_a_version_of_which_the_server_dies_is_refused_for_good_and_costs_one_restart(container: Container) -> None:
    """InputError ends with exit code 2, which Airflow does not try again."""
    container.start()
    container.until(serves(container, "stable", 1), "stable answers")
    container.version(2, "kills 0")
    container.change(("published", 2))
    url = f"http://127.0.0.1:{container.rest}"
    container.settings = Settings(home=container.settings.home, serving_urls=url, load_timeout=WAIT)

    def restart() -> None:  # as Docker does
        container.ended()
        container.start()

    again = threading.Thread(target=restart)
    again.start()
    with changing(container.settings, "ops") as change:
        with pytest.raises(InputError, match=r"must have loaded version 2 .* Server one holds models\.config back"):
            load(change, 2)
        assert change.state.versions[2].condition == "failed"
    again.join()
    container.until(serves(container, "stable", 1), "stable answers")
    container.until(lambda: container.note() == "", "what it asks for now is not held back")
    assert container.process is not None and container.process.poll() is None


def test_what_is_held_back_is_given_again_when_a_person_removes_the_note(container: Container) -> None:
    canary(container, "kills 0")
    container.start()
    container.ended()
    container.start()
    container.until(lambda: "held back" in container.log.read_text(), "it is held back")
    container.version(2, "loads 0")  # now there is memory
    (container.notes / "one").unlink()
    container.until(serves(container, "canary", 2), "the canary answers")


@pytest.mark.slow
def test_a_server_that_dies_three_times_under_a_canary_goes_on_without_it(container: Container) -> None:
    canary(container, "loads 0")
    for _ in range(3):
        container.start()
        container.until(serves(container, "canary", 2), "it has the canary")
        container.until(lambda: container.note() == "served", "that is noted")
        container.kill()
    container.start()
    container.until(lambda: "held back" in container.log.read_text(), "it is held back")
    assert (container.label("stable"), container.label("canary")) == (1, None)


def test_a_rollback_while_the_server_starts_reaches_it(container: Container) -> None:
    """A label may not move to a version that was not loaded: it is loaded first."""
    container.version(2, "loads 1")
    container.change(("published", 2), ("staged", 2), ("canary", 2), ("promoted", 2))
    container.start()
    time.sleep(0.3)
    with changing(container.settings, "ops") as change:
        container.record(change, ("rolled_back", 1))
    container.until(serves(container, "stable", 1), "the rollback is done")
    assert container.label("canary") is None


def test_where_no_note_can_be_written_it_is_said_and_stable_is_served(container: Container) -> None:
    container.notes.rmdir()
    canary(container, "loads 0")
    container.start()
    container.until(serves(container, "canary", 2), "the canary answers")
    assert container.log.read_text().count("cannot write") == 1


def test_a_home_without_boot_config_starts_as_before(container: Container) -> None:
    container.settings.boot_config.unlink()
    container.start()
    container.until(serves(container, "stable", 1), "stable answers")


RECORDS = """#!/bin/bash
printf '%s\\n' "$@" >"{0}/arguments"
for each in "$@"; do [[ $each != --model_config_file=* ]] || cp "${{each#*=}}" "{0}/config"; done
"""


def recorded(folder: Path) -> tuple[list[str], Machine]:
    """Returns the arguments that a server was started with, and the files that they name."""
    arguments = (folder / "arguments").read_text().splitlines()
    values = {flag.partition("=")[2] for flag in arguments}
    files = {path: Path(path).read_text() for path in values if Path(path).is_file()}
    config = next(flag.partition("=")[2] for flag in arguments if flag.startswith("--model_config_file="))
    return arguments, Machine({**files, config: (folder / "config").read_text()}, {})


def records(folder: Path) -> list[str]:
    """Returns the command of a server that only writes down how it was started."""
    script = folder / "records"
    script.write_text(RECORDS.format(folder))
    return ["bash", str(script)]


def test_what_the_container_starts_the_server_with_starts_the_real_one(container: Container) -> None:
    folder = container.settings.home
    canary(container, "fails 0")
    container.start(*records(folder))
    assert container.ended() == 0
    arguments, machine = recorded(folder)
    fates = {1: Fate("loads", 20), 2: Fate("fails", 0)}
    started = boot(arguments, replace(machine, folders={str(container.settings.versions): fates}))
    assert started == Starts({"sentiment": (1,)}, 20.0)


@pytest.mark.parametrize(("threads", "half"), [("1", "1"), ("2", "1"), ("3", "2"), ("8", "4")])
def test_each_of_two_batches_has_half_of_the_threads(
    container: Container, monkeypatch: pytest.MonkeyPatch, threads: str, half: str
) -> None:
    monkeypatch.setenv("THREADS", threads)
    canary(container, "loads 0")
    container.start(*records(container.settings.home))
    assert container.ended() == 0
    arguments, _ = recorded(container.settings.home)
    assert {f"--tensorflow_intra_op_parallelism={half}", f"--tensorflow_inter_op_parallelism={threads}"} <= set(
        arguments
    )


@pytest.mark.parametrize("versions", [(), (1, 2)])
def test_what_a_throw_away_server_is_started_with_starts_the_real_one(
    tmp_path: Path, versions: tuple[int, ...]
) -> None:
    flags = read_flags(SERVING / "flags")
    exports = dict.fromkeys(versions, tmp_path)
    with pytest.raises(NotServedError), throwaway_server(exports, flags, {"stable": 1}, records(tmp_path)):
        pass
    arguments, machine = recorded(tmp_path)
    [config] = [text for text in machine.files.values() if "model_config_list" in text]
    base = "".join(line.split('"')[1] for line in config.splitlines() if "base_path" in line)
    started = boot(arguments, replace(machine, folders={base: dict.fromkeys(versions, Fate("loads", 1))}))
    assert started == (Starts({"sentiment": (2,)}, 1.0) if versions else Starts({}))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_whenever_it_is_killed_it_serves_stable_again(container: Container, seed: int) -> None:
    """All of it at once, at any moment of a canary's life: in turn broken, slow, out of memory, and good."""
    draw = random.Random(seed)
    container.start()
    for number, fate in enumerate(("fails 0.1", "loads 0.4", "kills 0.2", "loads 0"), 2):
        container.version(number, fate)
        container.change(("published", number))
        with changing(container.settings, "ops") as change:
            container.record(change, ("staged", number), ("canary", number))
            time.sleep(draw.uniform(0, 0.8))
            container.kill()
            container.start()
            container.until(serves(container, "stable", 1), f"stable answers beside a canary that {fate}")
            container.record(change, ("withdrawn", number))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_embedded_server_in_a_container_serves_stable_whatever_the_canary_does(
    tmp_path: Path, toys: dict[int, Path]
) -> None:
    """Real models: one that is broken, one that never ends to warm up, and one that aborts the process."""
    container = Container(tmp_path / "home")
    container.patience = 60.0
    server = [sys.executable, "-m", "sentiment", "serve"]
    gate, aborting = tmp_path / "gate", tmp_path / "aborting"
    save_aborting(aborting)
    versions = container.settings.versions
    for number, toy in enumerate((toys[1], toys[2], toys[2], aborting), 1):
        shutil.copytree(toy, versions / str(number))
    (versions / "2" / "saved_model.pb").unlink()
    add_warmup(versions / "3", ("wait_for_file", {"path": [str(gate)]}))
    add_warmup(versions / "4", ("text", {"text": ["好"]}))
    container.change(("published", 1), ("staged", 1), ("canary", 1), ("promoted", 1))
    try:
        for number in (2, 3, 4):
            with changing(container.settings, "ops") as change:
                container.record(change, ("published", number), ("staged", number), ("canary", number))
                container.start(*server)
                if number == 4:
                    assert container.ended() != 0
                    container.start(*server)
                container.until(serves(container, "stable", 1), f"stable answers beside {number}")
                container.until(lambda: container.note() in ("loading", "served", "held"), "the canary was given")
                container.kill()
                container.record(change, ("withdrawn", number))
    finally:
        gate.touch()
        container.kill()
