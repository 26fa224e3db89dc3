"""The operators of a soak, as a process of its own: `changes.py HOME REST TOYS LOG PAUSE`, until its stdin ends.

Every few seconds one verb. Each is a line of LOG: when it began and ended, and what is served after it.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

from sentiment.errors import InputError
from sentiment.serving.canary import canary
from sentiment.serving.change import changing
from sentiment.serving.history import read_state
from sentiment.serving.promote import promote
from sentiment.serving.publish import Candidate, publish
from sentiment.serving.rollback import rollback
from sentiment.serving.withdraw import withdraw
from sentiment.settings import Settings

TOYS = 3


class Operator:
    """Publishes toys and moves labels; what it publishes can be told from what is served."""

    def __init__(self, home: Path, rest: str, toys: Path) -> None:
        self.settings = Settings(home=home, serving_urls=rest, load_timeout=120.0)
        self.toys = toys
        self.toy_of: dict[int, int] = {}
        self.chance = random.Random(5)
        self.nights = 0

    def next_toy(self) -> int:
        """Returns a toy that answers otherwise than stable and the version before it."""
        state = read_state(self.settings)
        used = [self.toy_of[version] for version in (state.stable, state.previous) if version is not None]
        return next(toy for toy in range(1, TOYS + 1) if toy not in used)

    def deploy(self) -> None:
        """Publishes a toy and makes it the canary."""
        self.nights += 1
        toy = self.next_toy()
        folder = self.settings.runs / f"night-{self.nights}"
        shutil.copytree(self.toys / str(toy), folder / "export")
        (folder / "model").mkdir()
        (folder / "model" / "model.json").write_text(json.dumps({"data": {"watermark": self.nights}}))
        candidate = Candidate(folder / "export", folder / "model", folder.name, {})
        with changing(self.settings, "soak") as change:
            version, _ = publish(change, candidate)
            self.toy_of[version] = toy
            canary(change, version)
        shutil.rmtree(folder)

    def promote(self) -> None:
        with changing(self.settings, "soak") as change:
            promote(change, None)

    def withdraw(self) -> None:
        with changing(self.settings, "soak") as change:
            withdraw(change, None)

    def rollback(self) -> None:
        with changing(self.settings, "soak") as change:
            rollback(change, change.state.previous)

    def choose(self) -> str:
        """Returns the verb to do next, among those that are allowed now."""
        state = read_state(self.settings)
        if state.canary is None:
            return "rollback" if state.previous is not None and self.chance.random() < 0.25 else "deploy"
        return self.chance.choices(("promote", "withdraw", "deploy"), (6, 2, 1))[0]

    def do(self, verb: str) -> dict[str, Any]:
        """Does one verb and returns its line."""
        begin, error = time.monotonic(), ""
        try:
            getattr(self, verb)()
        except InputError as refused:
            error = str(refused)
        except Exception as broken:  # noqa: BLE001 - is judged, with all else
            error = repr(broken)
        state = read_state(self.settings)
        toys = {str(version): self.toy_of.get(version) for version in (state.stable, state.canary) if version}
        served = {"stable": state.stable, "canary": state.canary, "toys": toys}
        return {"verb": verb, "begin": begin, "end": time.monotonic(), "error": error, **served}


def main() -> None:
    home, rest, toys, log, pause = sys.argv[1:]
    operator, stop = Operator(Path(home), rest, Path(toys)), threading.Event()

    def until_told() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=until_told, daemon=True).start()
    with Path(log).open("w", encoding="utf-8") as file:
        verbs = ["deploy", "promote"]  # so that there is a stable version
        while not stop.is_set():
            line = operator.do(verbs.pop(0) if verbs else operator.choose())
            file.write(json.dumps(line) + "\n")
            file.flush()
            stop.wait(0.0 if verbs else operator.chance.uniform(0.5, 1.5) * float(pause))


if __name__ == "__main__":
    main()
