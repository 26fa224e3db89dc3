"""Commands and servers killed at random moments: what is served is repaired by the next command, always.

`KILLS` says how many (10), `KILLS_SEED` repeats a run. Customers ask `stable` all the while, and get nothing but the
answer of a version that was stable at that moment.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sentiment.serving import findings, models_config, servers, version_folder
from sentiment.serving.history import read_state
from sentiment.settings import Settings
from sentiment.validation.throwaway import free_ports

LABELS = ("正面", "負面", "中立")  # toy N says LABELS[N - 1]
SHARE_OF_SERVERS = 0.1  # of the kills
WAIT = 120.0
SENTIMENT = [sys.executable, "-m", "sentiment"]
# What `sentiment publish --export` does after its look at the export. That changes nothing and takes far longer, so
# that nearly every kill would strike there, and would refuse the toys, which may look for files.
PUBLISHES = """
import sys
from pathlib import Path
from sentiment.serving.change import changing
from sentiment.serving.publish import Candidate, publish
from sentiment.settings import read_settings
with changing(read_settings(), "operator") as change:
    publish(change, Candidate(*map(Path, sys.argv[1:]), run="", metrics={}))
"""


@dataclass
class Server:
    """A server process that can be killed and started again at the same address."""

    home: Path
    rest: int = field(default_factory=lambda: free_ports(1)[0])
    grpc: int = field(default_factory=lambda: free_ports(1)[0])
    lives: int = 0  # grows by one at each kill and start: what was asked across one of them does not count
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.rest}"

    def start(self) -> None:
        polls = ["--model-config-file-poll-wait-seconds=1", "--file-system-poll-wait-seconds=1"]
        ports = [f"--port={self.grpc}", f"--rest-api-port={self.rest}"]
        ready = self.home / f"ready-{self.rest}"
        ready.unlink(missing_ok=True)
        with (self.home / f"server-{self.rest}.log").open("ab") as log:
            command = [*SENTIMENT, "serve", *ports, *polls, f"--ready-file={ready}"]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment(self.home))
        wait_for(ready.exists, f"{self.address} to start")
        self.lives += 1

    def kill(self) -> None:
        if self.process:
            self.lives += 1
            self.process.kill()
            self.process.wait()
            for note in (self.home / "serving" / "servers").glob(f"*-{self.rest}"):
                note.unlink()  # it did not die of what it served


def environment(home: Path, *addresses: str) -> dict[str, str]:
    urls = {"SENTIMENT_SERVING_URLS": ",".join(addresses)} if addresses else {}
    return {**os.environ, "SENTIMENT_HOME": str(home), "SENTIMENT_LOAD_TIMEOUT": "60", **urls}


def wait_for(condition: Any, what: str) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, f"waited {WAIT} s for {what}"
        time.sleep(0.05)


class Customers(threading.Thread):
    """Asks every living server's `stable`, again and again."""

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self.world, self.stop, self.answers, self.complaints = world, threading.Event(), 0, list[str]()

    def run(self) -> None:
        while not self.stop.wait(0.05):
            for server in self.world.servers:
                life, allowed = server.lives, self.world.stable_answers
                try:
                    said = ask(server.address, "stable")
                except OSError as error:
                    said = f"no answer: {error}"
                if (
                    server.lives == life
                    and life % 2 == 1
                    and allowed
                    and said not in allowed | self.world.stable_answers
                ):
                    self.complaints.append(f"{said} instead of {sorted(allowed)}")
                self.answers += 1


def ask(address: str, label: str) -> str:
    body = json.dumps({"signature_name": "text", "instances": ["今天天氣"]}).encode()
    request = urllib.request.Request(f"{address}/v1/models/sentiment/labels/{label}:predict", body)
    with urllib.request.urlopen(request, timeout=20) as response:
        return str(json.load(response)["predictions"][0]["label"])


class World:
    """A home, two servers, and operators who are killed."""

    def __init__(self, home: Path, toys: dict[int, Path], seed: int) -> None:
        self.home, self.toys, self.random = home, toys, random.Random(seed)
        home.mkdir(parents=True)
        self.servers = [Server(home), Server(home)]
        self.settings = Settings(home=home, serving_urls=",".join(self.addresses), load_timeout=60.0)
        self.exports = 0
        self.seconds = dict.fromkeys(("publish", "canary", "promote", "withdraw", "rollback"), 1.0)
        self.counts: Counter[str] = Counter()
        self.stable_answers: frozenset[str] = frozenset()
        self.run("status", "--restore-config")
        for server in self.servers:
            server.start()

    @property
    def addresses(self) -> list[str]:
        return [server.address for server in self.servers]

    def popen(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.home / "verbs.log").open("ab") as log:
            log.write(f"$ {' '.join(arguments)}\n".encode())
            log.flush()
            given = [sys.executable, "-c", PUBLISHES, *arguments[1:]] if arguments[0] == "publish" else None
            return subprocess.Popen(
                given or [*SENTIMENT, *arguments], stdout=log, stderr=log, env=environment(self.home, *self.addresses)
            )

    def run(self, *arguments: str) -> None:
        status = self.popen(*arguments).wait(timeout=WAIT)
        assert status == 0, f"{arguments} ended with {status}\n{self.log()}"

    def log(self) -> str:
        return (self.home / "verbs.log").read_text()[-3000:]

    def next_verb(self) -> list[str]:
        """Returns a verb that makes sense now, so that each of them is killed often."""
        state = read_state(self.settings)
        ways: list[list[str]] = [self.new_export()]
        free = [n for n, v in state.versions.items() if v.condition != "pruned" and n not in state.stables]
        ways += [["canary", f"--version={number}"] for number in free if number != state.canary][-2:]
        if state.canary is not None:
            ways += [["promote", f"--version={state.canary}"], ["withdraw", f"--version={state.canary}"]] * 2
        if state.previous is not None:
            ways.append(["rollback", f"--to={state.previous}", "--reason=complaints"])
        return self.random.choice(ways)

    def new_export(self) -> list[str]:
        """Returns how to publish a toy in a way that no other publish is."""
        self.exports += 1
        toy = self.random.choice(sorted(self.toys))
        folder = self.home / "exports" / str(self.exports)
        shutil.copytree(self.toys[toy], folder / "export")
        (folder / "export" / "number").write_text(str(self.exports))
        (folder / "model").mkdir()
        (folder / "model" / "model.json").write_text(json.dumps({"data": {"rows": toy}}))
        return ["publish", str(folder / "export"), str(folder / "model")]

    def answer_of(self, version: int | None) -> set[str]:
        rows = read_state(self.settings).versions[version].data.rows if version else None
        return {LABELS[rows - 1]} if rows else set()

    def allow(self, verb: list[str]) -> None:
        """From now on `stable` may answer as before, or as after the verb."""
        state = read_state(self.settings)
        target = int(verb[1].partition("=")[2]) if verb[0] in ("promote", "rollback") else None
        self.stable_answers = (
            frozenset(self.answer_of(state.stable) | self.answer_of(target)) if state.stable else frozenset()
        )

    def strike(self) -> bool:
        """Starts a verb and kills it, or a server under it; returns whether something was killed."""
        verb = self.next_verb()
        self.allow(verb)
        began = time.monotonic()
        process = self.popen(*verb)
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.random.uniform(0.1, 1.2 * self.seconds[verb[0]]))
        victims = [process] if process.poll() is None else []
        if self.random.random() < SHARE_OF_SERVERS:
            self.kill_a_server()
            process.wait(WAIT)
            struck = ["server"]
        else:
            process.send_signal(signal.SIGKILL)
            process.wait()
            struck = [verb[0]] if victims else []
        if not struck:
            self.seconds[verb[0]] = 0.7 * self.seconds[verb[0]] + 0.3 * (time.monotonic() - began)
        self.counts.update(struck)
        self.run(*verb)  # the next command: what was interrupted, again
        self.require_sound(verb)
        return bool(struck)

    def kill_a_server(self) -> None:
        server = self.random.choice(self.servers)
        server.kill()
        server.start()

    def require_sound(self, verb: list[str]) -> None:
        state = read_state(self.settings)
        found = findings.look(self.settings, state)
        assert (found.mendable(), found.damaged, found.orphans) == ([], {}, ()), (verb, found, self.log())
        text = models_config.read(self.settings.models_config)
        assert text == models_config.rendered(state, self.settings)
        for version in state.versions.values():
            assert version.condition == "pruned" or version_folder.change_in(self.settings, version) == ""
        assert len(state.stables) == len(set(state.stables))
        for address in self.addresses:
            wait_for(partial(self.agrees, address, state), f"{address} to follow {state}")
        self.stable_answers = frozenset(self.answer_of(state.stable))

    def agrees(self, address: str, state: Any) -> bool:
        states = servers.version_states(address, "sentiment")
        named = {label: servers.labelled_version(address, "sentiment", label) for label in ("stable", "canary")}
        loaded = {number for number, (said, _) in states.items() if said == "AVAILABLE"}
        # A server that was just started knows `stable` alone, and reads the rest at its first look at the settings.
        if named != {"stable": state.stable, "canary": state.canary} or loaded != set(state.served):
            return False
        return all({ask(address, label)} == self.answer_of(number) for label, number in state.labels.items())


@pytest.fixture
def world(tmp_path: Path, toys: dict[int, Path]) -> Iterator[World]:
    seed = int(os.environ.get("KILLS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"KILLS_SEED={seed}")
    world = World(tmp_path / "home", toys, seed)
    try:
        yield world
    finally:
        for server in world.servers:
            server.kill()


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_commands_and_servers_that_are_killed_are_mended_by_the_next_command(world: World) -> None:
    kills, struck = int(os.environ.get("KILLS") or 10), 0
    for _ in range(2):
        world.run(*world.new_export())
        newest = read_state(world.settings).newest
        world.run("canary", f"--version={newest}")
        world.run("promote", f"--version={newest}")
    world.require_sound([])
    customers = Customers(world)
    customers.start()
    while struck < kills:
        struck += world.strike()
    customers.stop.set()
    customers.join()
    events = Counter(json.loads(line)["event"] for line in world.settings.history.read_text().splitlines())
    print(f"{struck} kills: {dict(world.counts)}; {customers.answers} answers; events {dict(events)}")
    assert customers.complaints == []
