"""`sentiment bench airflow`: what Airflow's part costs, without the work of the steps.

workflows    reading each file of dags/, as the dag processor does, against importing airflow.sdk
page         the Models page of 1,000 versions against that of one, without Airflow's login
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
# In the place of `sentiment`: the result of a step that went well.
NOTHING = """#!{python} -IS
import json, pathlib, sys
result = next(pathlib.Path(text[9:]) for text in sys.argv if text.startswith("--result="))
result.parent.mkdir(parents=True, exist_ok=True)
result.write_text(json.dumps({{"nothing_new": False, "passed": True, "version": 1, "sentence": "nothing was done"}}))
"""


def times(folder: Path) -> dict[str, Any]:
    """Returns what `airflow_times` measured in Airflow's environment. Raises: SentimentError when it fails."""
    if not PYTHON.exists():
        raise InputError("Airflow's environment must be there", found=f"no {PYTHON}", do="Run `make setup`.")
    found, log = folder / "times.json", folder / "times.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SENTIMENT_", "AIRFLOW"))}
    own = {"AIRFLOW_HOME": str(folder / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    arguments = [CHECKOUT / "dags", CHECKOUT / "plugins", folder / "homes", found]
    with log.open("w") as output:
        command = [str(PYTHON), "-m", "sentiment.bench.airflow_times", *map(str, arguments)]
        ended = subprocess.run(command, env={**kept, **own}, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    if ended.returncode or not (row := atomic.read_json(found)):
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise SentimentError(f"measuring in Airflow's environment failed: {said[-1] if said else ended.returncode}")
    return row


def retrain_seconds(folder: Path) -> float:
    """Returns how long a retrain takes whose steps do nothing: Airflow's scheduling, and its processes' starts."""
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
            raise SentimentError(f"Airflow was not done within {PATIENCE:g} s")
        time.sleep(1)


def judge(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what was measured, with ratios, and whether it is as quick as it should be."""
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
    """Returns a row a workflow file, a row a page, and one of the retrain."""
    ratios, pages = judged["parsing_by_importing"], judged["pages"]
    rows = [["import airflow.sdk", f"{judged['importing']:.3f}", "1"]]
    rows += [[f"read {name}", f"{found:.3f}", f"{ratios[name]:.2f}"] for name, found in judged["parsing"].items()]
    one = min(pages.values())
    rows += [[f"Models page, versions: {n}", f"{found:.3f}", f"{found / one:.1f}"] for n, found in pages.items()]
    if judged.get("retrain") is not None:
        rows.append(["a retrain whose steps do nothing", f"{judged['retrain']:.1f}", "–"])
    notes = [
        f"of the processor: reading may take {PARSE_SECONDS:g} s, a page {PAGE_SECONDS:g} s; "
        f"by the clock: a retrain's own time {RETRAIN_SECONDS:g} s",
    ]
    return Table("what Airflow's part costs", HEADINGS, rows, notes=notes)


def draw(judged: Mapping[str, Any]) -> Callable[[Figure], None]:
    """Returns what draws a bar a workflow file and page."""
    bars = {**judged["parsing"], **{f"page of {n}": found for n, found in judged["pages"].items()}}

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        axes.barh(list(bars), list(bars.values()), color=results.COLOURS[0])
        axes.axvline(PARSE_SECONDS, color=results.COLOURS[1], linestyle="--")
        axes.set(xlabel="seconds of the processor", title="Reading workflows, making the Models page")

    return fill


@click.command("airflow")
@click.option("--retrain", is_flag=True, help="Also start a throw-away Airflow, and run a retrain that does nothing.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/airflow]")
@step
def command(retrain: bool, output: Path | None) -> Result:
    """Time what Airflow's part costs: reading the workflows, the Models page, a retrain without its steps' work."""
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
