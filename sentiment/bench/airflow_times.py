"""Measures, in Airflow's own Python, how long it takes to read the workflows and to make the Models page.

    python -m sentiment.bench.airflow_times DAGS PLUGINS FOLDER RESULT

It works like Airflow's dag processor: a process that has imported Airflow and frozen its heap reads each file in a
fork. Seconds are CPU time, the least of a few tries, so that other work on the machine does not count.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sentiment import atomic
from sentiment.settings import Settings

TRIES = 5
VERSIONS = (1, 1_000)
BEFORE_A_FORK = ("airflow.dag_processing.manager", "airflow.dag_processing.dagbag")


def measure(dags: Path, plugins: Path, folder: Path) -> dict[str, Any]:
    """Returns seconds: for importing `airflow.sdk`, for each file of `dags`, for the page by number of versions."""
    importing = seconds(lambda: importlib.import_module("airflow.sdk"))
    for name in BEFORE_A_FORK:
        importlib.import_module(name)
    sys.path.append(str(plugins))
    gc.collect()
    gc.freeze()  # otherwise the first fork that needs memory spends time on scanning all of Airflow
    parsing = {path.name: least(partial(parse, path)) for path in sorted(dags.glob("*.py"))}
    pages = {home.name: least(partial(page, home)) for home in homes(folder)}
    return {"importing": importing, "parsing": parsing, "pages": pages}


def seconds(work: Callable[[], object]) -> float:
    """Returns the CPU seconds that `work` takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def least(work: Callable[[], float]) -> float:
    """Returns the least value that `work` returns in several tries, each in a fork of its own."""
    return min(forked(work) for _ in range(TRIES))


def forked(work: Callable[[], float]) -> float:
    """Runs `work` in a fork and returns its value. Raises: RuntimeError when it fails there."""
    reader, writer = os.pipe()
    if not (child := os.fork()):
        try:
            os.write(writer, repr(work()).encode())
        except Exception:  # noqa: BLE001 - shown here; the parent gets no answer
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    if not told:
        raise RuntimeError("a fork ended without an answer")
    return float(told)


def parse(path: Path) -> float:
    """Returns the seconds that Airflow needs for a file of workflows, including everything that it imports."""
    bag: Any = importlib.import_module("airflow.dag_processing.dagbag")
    found: list[Any] = []
    took = seconds(lambda: found.append(bag.DagBag(str(path))))
    if found[0].import_errors or not found[0].dags:
        raise RuntimeError(f"{path} holds no workflow: {found[0].import_errors}")
    return took


def homes(folder: Path) -> Iterator[Path]:
    """Yields one home for each number of versions, named by the number; every version in it was promoted."""
    for versions in VERSIONS:
        home = folder / str(versions)
        events = (event for number in range(1, versions + 1) for event in promoted(number))
        text = "".join(json.dumps(event) + "\n" for event in events)
        atomic.write_text(Settings(home=home).history, text)
        yield home


def promoted(number: int) -> Iterator[dict[str, Any]]:
    for name in ("published", "staged", "canary", "promoted"):
        yield {"event": name, "version": number, "at": "2026-11-22T18:00:00+00:00", "who": "airflow", "why": "better"}


def page(home: Path) -> float:
    """Returns the seconds for the first page, including reading the history, without Airflow's own part."""
    pages: Any = importlib.import_module("sentiment_airflow.web.pages")
    from sentiment.models_page.history import Filters
    from sentiment.models_page.ledger import read_ledger
    from sentiment.models_page.notices import Notices
    from sentiment.models_page.overview import overview

    def make() -> None:
        settings, notices = Settings(home=home), Notices()
        found = overview(read_ledger(settings.history), settings, {}, notices)
        shared = {"root": "", "airflow": "/", "notices": notices.lines, "filters": Filters(), "links": {}}
        shared |= {"lang": "en", "theme": "", "languages": []}
        pages.rendered("overview.html", page=found, waiting=None, tried=None, box="", runs={}, **shared)

    pages.compile_templates()
    return seconds(make)


if __name__ == "__main__":
    dags, plugins, folder, result = map(Path, sys.argv[1:])
    atomic.write_json(result, measure(dags, plugins, folder))
