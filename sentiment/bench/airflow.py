"""`sentiment bench airflow`: measures what Airflow's part costs, without the work of the steps.

workflows    reading each file of dags/ like the dag processor, compared with importing airflow.sdk
page         the Models page with 1,000 versions, compared with one version, without Airflow's login
retrain      with --retrain: a run of sentiment_retrain whose steps do nothing, on a throw-away Airflow
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentiment import atomic
from sentiment.demo.stack import Stack
from sentiment.errors import InputError, SentimentError
from sentiment.experiments import results
from sentiment.experiments.table import Table
from sentiment.settings import CHECKOUT, read_settings
from sentiment.step import Result, say, step

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PYTHON = CHECKOUT / ".venv-airflow" / "bin" / "python"
RETRAIN, RUN = "sentiment_retrain", "nothing-to-do"
PARSE_SECONDS, PAGE_SECONDS, RETRAIN_SECONDS = 0.3, 0.3, 60.0  # what each may take
PATIENCE = 300.0
HEADINGS = ("what", "seconds", "against")
# Stands in for `sentiment`: writes the result of a step that ended well.
NOTHING = """#!{python} -IS
import json, pathlib, sys
result = next(pathlib.Path(text[9:]) for text in sys.argv if text.startswith("--result="))
result.parent.mkdir(parents=True, exist_ok=True)
result.write_text(
    json.dumps({{"nothing_new": False, "passed": True, "version": 1, "not_set": False, "sentence": "nothing was done"}})
)
"""


def times(folder: Path) -> dict[str, Any]:
    """Returns the measurements of `airflow_times` in Airflow's environment. Raises: SentimentError when it fails."""
    if not PYTHON.exists():
        raise InputError("Airflow's environment must exist", found=f"no {PYTHON}", do="Run `make setup`.")
    found, log = folder / "times.json", folder / "times.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SENTIMENT_", "AIRFLOW"))}
    own = {"AIRFLOW_HOME": str(folder / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    arguments = [CHECKOUT / "dags", CHECKOUT / "plugins", folder / "homes", found]
    with log.open("w") as output:
        command = [str(PYTHON), "-P", "-m", "sentiment.bench.airflow_times", *map(str, arguments)]
        ended = subprocess.run(command, env={**kept, **own}, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    if ended.returncode or not (row := atomic.read_json(found)):
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise SentimentError(f"measuring in Airflow's environment failed: {said[-1] if said else ended.returncode}")
    return row


def retrain_seconds(folder: Path) -> float:
    """Returns the time of a retrain whose steps do nothing: Airflow's scheduling and the starts of its processes."""
    command = folder / "nothing"
    atomic.write_text(command, NOTHING.format(python=sys.executable))
    command.chmod(0o700)
    stack = Stack(folder / "stack", {"SENTIMENT_COMMAND": str(command)})
    try:
        stack.start()
        say("Airflow is up")
        wait_until(lambda: stack.api.dag_is_there(RETRAIN), stack)
        stack.api.unpause(RETRAIN)
        stack.api.trigger(RETRAIN, RUN, {})
        wait_until(lambda: stack.api.run_state(RETRAIN, RUN) in ("success", "failed"), stack)
        [run] = stack.api.runs(RETRAIN)
    finally:
        stack.stop()
    if run["state"] != "success":
        raise SentimentError(f"a retrain whose steps do nothing must end well; it ended as {run['state']}")
    began, ended = (datetime.fromisoformat(run[key]) for key in ("queued_at", "end_date"))
    return (ended - began).total_seconds()


def wait_until(condition: Callable[[], bool], stack: Stack) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        stack.processes.check()
        if time.monotonic() > deadline:
            raise SentimentError(f"Airflow did not finish within {PATIENCE:g} s")
        time.sleep(1)


def judge(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the measurements with ratios, and whether each is quick enough."""
    parsing, pages, retrain = measured["parsing"], measured["pages"], measured.get("retrain")
    one, most = (pages[key] for key in sorted(pages, key=int))
    return {
        **measured,
        "parsing_by_importing": {name: found / measured["importing"] for name, found in parsing.items()},
        "page_by_one": most / one,
        "parsing_is_quick": max(parsing.values()) < PARSE_SECONDS,
        "page_is_quick": most < PAGE_SECONDS,
        "retrain_is_quick": None if retrain is None else retrain < RETRAIN_SECONDS,
    }


def table_of(judged: Mapping[str, Any]) -> Table:
    """Returns one row per workflow file, one per page, and one for the retrain."""
    ratios, pages = judged["parsing_by_importing"], judged["pages"]
    rows = [["import airflow.sdk", f"{judged['importing']:.3f}", "1"]]
    rows += [[f"read {name}", f"{found:.3f}", f"{ratios[name]:.2f}"] for name, found in judged["parsing"].items()]
    one = min(pages.values())
    rows += [[f"Models page, versions: {n}", f"{found:.3f}", f"{found / one:.1f}"] for n, found in pages.items()]
    if judged.get("retrain") is not None:
        rows.append(["a retrain whose steps do nothing", f"{judged['retrain']:.1f}", "–"])
    notes = [
        f"limits: {PARSE_SECONDS:g} s of CPU time to read a file, {PAGE_SECONDS:g} s for a page; "
        f"{RETRAIN_SECONDS:g} s by the clock for a retrain",
    ]
    return Table("what Airflow's part costs", HEADINGS, rows, notes=notes)


def draw(judged: Mapping[str, Any]) -> Callable[[Figure], None]:
    """Returns a function that draws a bar for each workflow file and page."""
    bars = {**judged["parsing"], **{f"page of {n}": found for n, found in judged["pages"].items()}}

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        axes.barh(list(bars), list(bars.values()), color=results.COLOURS[0])
        axes.axvline(PARSE_SECONDS, color=results.COLOURS[1], linestyle="--")
        axes.set(xlabel="seconds of CPU time", title="Reading workflows, making the Models page")

    return fill


@click.command("airflow")
@click.option("--retrain", is_flag=True, help="Also run a retrain that does nothing, on a throw-away Airflow.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/airflow]")
@step
def command(retrain: bool, output: Path | None) -> Result:
    """Time Airflow's part: reading the workflows, the Models page, a retrain whose steps do nothing."""
    folder = results.folder_for(read_settings(), "airflow", output)
    with atomic.exclusive_lock(folder / ".lock"), tempfile.TemporaryDirectory(dir=folder, prefix="work-") as work:
        measured = times(Path(work))
        if retrain:
            measured["retrain"] = retrain_seconds(Path(work))
        judged = judge(measured)
        table = table_of(judged)
        result = results.keep(folder, judged, table, draw(judged))
    table.show()
    return result
