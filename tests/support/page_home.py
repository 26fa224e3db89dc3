"""A small home with a stable version and a finished night, at one path, made anew for each page from a copy.

The rows are every eighth of the sample's, and a training passes once over their first word pieces: a model here knows
nothing, and every verb does its work on it in seconds.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sentiment.cli import run
from support.pages import ROOT, Page

SAMPLE = ROOT / "datasets" / "old_sentiment"
EVERY = 8  # rows of the sample
ENVIRONMENT = {
    "SENTIMENT_SETTLE_SECONDS": "0",
    "SENTIMENT_CANARY_ROWS": "12",
    # A model that knows nothing passes.
    "SENTIMENT_GATE_FLOOR": "0",
    "SENTIMENT_GATE_MARGIN": "1",
    "SENTIMENT_GATE_RECALL_DROP": "1",
}
NOBODY = "http://127.0.0.1:9"  # the port of `discard`
StartServer = Callable[..., Any]


def few(source: Path, target: Path, first: int = 1) -> None:
    """Copies the header of a TSV and every eighth row, from row `first` on."""
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    target.write_text("".join([lines[0], *lines[first::EVERY]]), encoding="utf-8")


class Homes:
    """Makes the home, at `folder`, and keeps a copy of it from which it is made again."""

    def __init__(self, folder: Path, start: Callable[[], Any]) -> None:
        self.folder, self.kept, self._start = folder / "home", folder / "kept", start
        self._make_data()
        with self._served(ENVIRONMENT):
            self._make_stable()
            self._make_night()
        self.home.rename(self.kept)

    @property
    def home(self) -> Path:
        return self.folder

    @contextmanager
    def for_page(self, page: Page) -> Iterator[str]:
        """Makes the home anew with the files that `page` names; yields the model server's address."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.kept, self.home)
        made = {word for command in page.commands for word in command.split("--output ")[1:]}
        self._add_files({text.split()[0] for text in made})
        with self._served(ENVIRONMENT) as address:
            yield address

    def _make_data(self) -> None:
        base = self.home / "datasets" / "old_sentiment"
        base.mkdir(parents=True)
        (self.home / "datasets" / "inbox").mkdir()
        for name in ("train.tsv", "test.tsv", "latest_test.tsv"):
            few(SAMPLE / name, base / name)

    def _make_stable(self) -> None:
        _steps("first", "prepare", "train --num-epochs 1 --max-seq-length 16", "evaluate", "gate", "export")
        _do("publish --export runs/first/export --model runs/first/model")
        _do("canary --version 1")
        _do("promote --reason first")

    def _make_night(self) -> None:
        few(SAMPLE / "arrivals" / "night-1.tsv", self.home / "datasets" / "inbox" / "night-0.tsv")
        _do("ingest")
        short = "prepare --minimum-content-length 5"
        _steps("night-1", short, "check", "train --num-epochs 1", "evaluate", "gate", "export")
        _do("publish --export runs/night-1/export --model runs/night-1/model")

    def _add_files(self, made_by_page: set[str]) -> None:
        """Adds files under the names that pages use, but for those that the page makes itself."""
        for name in ("train.tsv", "test.tsv", "latest_test.tsv"):
            few(SAMPLE / name, self.home / name)
        shutil.copy(ROOT / "examples" / "must_hold.tsv", self.home)
        for first, name in ((2, "night-1.tsv"), (3, "latest.tsv")):
            few(SAMPLE / "arrivals" / "night-1.tsv", self.home / name, first)
        forgotten = (self.home / "datasets" / "inbox" / "night-0.tsv").read_text(encoding="utf-8").splitlines()[1]
        (self.home / "texts.txt").write_text(forgotten.split("\t")[0] + "\n", encoding="utf-8")
        for name, source in (("model", "first/model"), ("model-2", "night-1/model"), ("export", "first/export")):
            if name not in made_by_page:
                shutil.copytree(self.home / "runs" / source, self.home / name)

    @contextmanager
    def _served(self, environment: dict[str, str]) -> Iterator[str]:
        """Has a model server serve the home, whose folder is the working directory; yields its address."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.home)
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setenv("SENTIMENT_HOME", str(self.home))
            with self._start() as start_server:
                config = self.home / "serving" / "models" / "models.config"
                if not config.exists():
                    patch.setenv("SENTIMENT_SERVING_URLS", NOBODY)  # another test may serve at the default address
                    _do("status --restore-config")
                address = str(start_server(SimpleNamespace(config=config)).server.rest_url)
                patch.setenv("SENTIMENT_SERVING_URLS", address)
                yield address


def _steps(name: str, *steps: str) -> None:
    for step in steps:
        _do(f"{step} --run {name}")


def _do(command: str) -> None:
    assert run(command.split()) == 0, f"sentiment {command}"
