"""`sentiment check-gpu`: tries everything that needs a GPU, and says what could not be tried, and why."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from sentiment.errors import InputError
from sentiment.experiments import child
from sentiment.gpu_check import machine, material
from sentiment.gpu_check.checks import CHECKS, LONGEST, Check, Workplace
from sentiment.gpu_check.judging import Unmet
from sentiment.gpu_check.machine import Machine
from sentiment.gpu_check.rows import FAILED, NOT_POSSIBLE, PASSED, Row, exit_code, sentence_of, table_of
from sentiment.results.record import as_json
from sentiment.settings import read_settings
from sentiment.step import Result, say, step_ending_with

LOOKING = 300.0  # seconds that it may take to see what is there


def rows_of(here: Machine) -> list[Row]:
    """Returns the rows that only look at what is there."""
    libraries = "all of CUDA's" if not here.cuda_missing else ""
    names = ", ".join(f"{gpu.name} ({gpu.capability[0]}.{gpu.capability[1]})" for gpu in here.gpus)
    looked = [
        ("driver", f"CUDA {here.driver}", machine.no_driver(here)),
        ("CUDA's libraries", libraries, machine.no_cuda(here)),
        ("GPUs", names, machine.no_gpu(here)),
        ("TensorRT's libraries", here.tensorrt or "", machine.no_tensorrt_libraries(here)),
    ]
    return [
        Row(name, NOT_POSSIBLE if why else PASSED, "" if why else found, why or "", needs_gpu=False)
        for name, found, why in looked
    ]


def try_all(here: Machine, place: Workplace, checks: Sequence[Check] = CHECKS, rehearse: bool = False) -> list[Row]:
    """Returns a row for each check. `rehearse`: tries on the CPU what needs a missing GPU; nothing passes so."""
    rows: dict[str, Row] = {}
    for check in checks:
        rows[check.name] = row = try_one(check, here, place, rows, rehearse)
        say(f"check-gpu: {check.name}: {row.outcome}{f', {row.figures}' if row.figures else ''}")
    return list(rows.values())


def try_one(check: Check, here: Machine, place: Workplace, rows: dict[str, Row], rehearse: bool) -> Row:
    """Returns the row of one check, with those before it in `rows`."""
    before = rows.get(check.after)
    if before and before.outcome == FAILED:
        return Row(check.name, NOT_POSSIBLE, why=f"it builds on {before.name}, which failed.")
    why = check.why_not(here)
    if why and not (rehearse and check.on_cpu):
        return Row(check.name, NOT_POSSIBLE, why=why)
    say(f"check-gpu: {check.name} …")
    try:
        figures = check.run(place)
    except (Unmet, child.Failed) as error:
        return Row(check.name, FAILED, why=str(error))
    return Row(check.name, NOT_POSSIBLE, f"on the CPU: {figures}", why) if why else Row(check.name, PASSED, figures)


@contextmanager
def work_folder(named: Path | None) -> Iterator[Path]:
    """Yields the folder to work in: the named one, or a temporary one. Raises: InputError when it holds something."""
    if named is None:
        folder = Path(tempfile.mkdtemp(prefix="sentiment-check-gpu-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    if named.exists() and any(named.iterdir()):
        raise InputError("--work must be a new or an empty folder", found=f"files in {named}", do="Name another one.")
    named.mkdir(parents=True, exist_ok=True)
    yield named


def seen(folder: Path) -> Machine:
    """Returns what this machine has. Raises: InputError when that cannot be told."""
    try:
        return msgspec.convert(
            child.result_of("sentiment.gpu_check.look", [], folder / "machine.json", LOOKING), Machine
        )
    except child.Failed as error:
        raise InputError(
            "TensorFlow and the driver must answer what this machine has",
            found=str(error),
            do="Run `python -m sentiment.gpu_check.look` and read its last lines.",
        ) from error


def data_in(named: Path | None, folder: Path) -> Path:
    """Returns the folder with train.tsv and test.tsv; makes posts up when none is named. Raises: InputError."""
    if named is None:
        material.lay_out(folder, len(read_settings().label_set))
        return folder
    if missing := [name for name in ("train.tsv", "test.tsv") if not (named / name).is_file()]:
        raise InputError(
            "--data must hold train.tsv and test.tsv",
            found=f"no {' and no '.join(missing)} in {named}",
            do="Name another folder, or leave it out.",
        )
    return named


@click.command("check-gpu")
@click.option("--model-name", default="scratch/mini", show_default=True, help="The encoder to train, as in `train`.")
@click.option("--data", type=click.Path(path_type=Path), help="A folder with train.tsv and test.tsv; default: made up.")
@click.option("--work", type=click.Path(path_type=Path), help="Keep what is made in this new folder.")
@click.option(
    "--limit", type=click.FloatRange(1), default=LONGEST, show_default=True, help="Seconds that one command may take."
)
@click.option("--rehearse", is_flag=True, help="Without a GPU, try the commands on the CPU; nothing passes by that.")
@step_ending_with(lambda result: int(result["exit_code"]))
def command(model_name: str, data: Path | None, work: Path | None, limit: float, rehearse: bool) -> Result:
    """Try everything that needs a GPU: training in 32 and 16 bits and on two GPUs, XLA, TensorRT, memory, times.

    Exit code 0: all that is possible here passed; 1: something failed; 3: nothing could be tried, there is no GPU.
    """
    with work_folder(work) as folder:
        here = seen(folder)
        place = Workplace(folder, data_in(data, folder / "data"), model_name, "GPU" if here.gpus else "CPU", limit)
        rows = rows_of(here) + try_all(here, place, rehearse=rehearse and not here.gpus)
    table_of(rows).show()
    return told(here, rows)


def told(here: Machine, rows: Sequence[Row]) -> dict[str, Any]:
    """Returns the result."""
    return {
        "sentence": sentence_of(rows),
        "exit_code": exit_code(rows),
        "rows": [as_json(row) for row in rows],
        "machine": as_json(here),
    }
