"""`sentiment bench pretrain`: tokens a second of a pretraining's step, beside PyTorch's and the machine's own rate.

Each stack learns the same parts from the same weights, on the processor, in a process of its own for each arithmetic.
They take their steps in turn, round by round, so that whatever else the machine does meanwhile slows all of them; a
ratio is one of two steps of the same round.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from sentiment import atomic, processes
from sentiment.bench.pretraining import torch_step
from sentiment.bench.pretraining.table import Stepped, Work, draw, table_of, unlike
from sentiment.bench.pretraining.work import Shape, lay_out, operations
from sentiment.bench.speed import tools
from sentiment.bench.speed.asked import Asked, asked
from sentiment.bench.speed.machine import this_processor
from sentiment.bench.speed.turns import Way
from sentiment.errors import InputError
from sentiment.experiments import results
from sentiment.experiments.child import Failed
from sentiment.model import arithmetic, encoder
from sentiment.options import pretraining as options
from sentiment.options.training import LONGEST_SEQUENCE
from sentiment.results.record import as_json
from sentiment.settings import read_settings
from sentiment.step import Result, say, step

OURS = "sentiment.bench.pretraining.tensorflow_step"
EAGER, COMPILED = "eager", "compiled"
TO_GET_PYTORCH = f"PyTorch was not measured: {tools.HOW}"


def arithmetics() -> list[str]:
    """Returns what is measured here: bfloat16 only where the processor multiplies it itself."""
    native = arithmetic.multiplies_bfloat16(arithmetic.processors())
    return [arithmetic.FLOAT32, arithmetic.BFLOAT16] if native else [arithmetic.FLOAT32]


def ways(folder: Path, python: Path | None) -> list[Way]:
    """Returns the ways to take a step, ours first in each arithmetic; `python` has PyTorch."""
    found = []
    for kind in arithmetics():
        job = {"folder": str(folder), "arithmetic": kind}
        found.append(Way("", processes.python_module(OURS), job))
        # -I: neither our packages nor the folder of the script are among its modules.
        script = [str(python), "-I", torch_step.__file__]
        found += [Way(how, script, {**job, "how": how}) for how in (EAGER, COMPILED) if python]
    return found


def measured(folder: Path, python: Path | None, times: int) -> tuple[list[Stepped], list[str]]:
    """Returns a row for each stack and arithmetic, and why PyTorch could not compile its step, if so."""
    rows: list[tuple[Stepped, Asked]] = []
    failed = []
    with ExitStack() as open_ones:
        for way in ways(folder, python):
            try:
                rows.append(_ready(open_ones, way))
            except Failed as error:
                if way.name == EAGER:
                    raise _no_step(error) from error
                if not way.name:
                    raise
                failed.append(f"PyTorch could not compile its step in {way.job['arithmetic']}: {error}")
        for number in range(times):
            say(f"bench pretrain: round {number + 1} of {times}")
            for row, process in rows:
                row.steps.append(process.ask({"do": "step"}).seconds)
            for row, process in rows:
                row.products.append(process.ask({"do": "product"}).seconds)
    return [row for row, _ in rows], failed


def _no_step(error: Failed) -> InputError:
    return InputError(
        "PyTorch must be able to take a step",
        found=str(error),
        do="Give --tools another one; 2.13 with transformers 4.54 is what the project is tested with.",
    )


def _ready(open_ones: ExitStack, way: Way) -> tuple[Stepped, Asked]:
    how, kind = way.name, way.job["arithmetic"]
    say(f"bench pretrain: first steps of {f'PyTorch, {how},' if how else 'our own'} in {kind}")
    process = open_ones.enter_context(asked(way.command, way.job))
    name = f"{process.ready['name']}, {how}" if how else process.ready["name"]
    return Stepped(name, kind, process.ready["losses"], [], []), process


def pytorch_of(named: Path | None) -> Path | None:
    """Returns the Python that has PyTorch; None: there is none. Raises: InputError when the named one has none."""
    python = tools.python_of(named)
    found = tools.versions_of(python) if python else {}
    if python and not {"torch", "transformers"} <= found.keys():
        raise InputError(
            "--tools must be a Python that has torch and transformers",
            found=f"{python} with {', '.join(found) or 'neither'}",
            do=tools.HOW + ".",
        )
    return python


@click.command("pretrain")
@click.option("--tools", "named", type=click.Path(path_type=Path), help=tools.HELP)
@click.option("--model-name", default="scratch/mini", show_default=True, help="scratch/tiny or scratch/mini.")
@click.option(
    "--length", type=click.IntRange(8, LONGEST_SEQUENCE), default=64, show_default=True, help="Pieces of a row."
)
@click.option(
    "--part-tokens", type=click.IntRange(64), default=4096, show_default=True, help="As in `sentiment pretrain`."
)
@click.option("--parts", type=click.IntRange(1), default=8, show_default=True, help="As in `sentiment pretrain`.")
@click.option(
    "--pieces", type=click.IntRange(300), default=8000, show_default=True, help="Word pieces of the vocabulary."
)
@click.option("--times", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many rounds.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/pretrain]")
@step
def command(
    named: Path | None,
    model_name: str,
    length: int,
    part_tokens: int,
    parts: int,
    pieces: int,
    times: int,
    output: Path | None,
) -> Result:
    """Time a step of `sentiment pretrain` on this processor, beside PyTorch and what the machine can multiply."""
    from sentiment.pretraining.network import architecture

    encoder.require_scratch_name(model_name)
    python = pytorch_of(named)
    folder = results.folder_for(read_settings(), "pretrain", output)
    shape = Shape(length, part_tokens, parts, float(options.HIDDEN_SHARE.default))
    settings = architecture(*encoder.SCRATCH[model_name], pieces, LONGEST_SEQUENCE)
    with atomic.exclusive_lock(folder / ".lock"), tempfile.TemporaryDirectory(prefix="sentiment-bench-") as place:
        hidden = lay_out(Path(place), settings, shape)
        work = Work(shape.tokens, operations(settings, shape, hidden))
        rows, failed = measured(Path(place), python, times)
        here, notes = this_processor().told(), [*failed, *unlike(rows), *([] if python else [TO_GET_PYTORCH])]
        title = f"a step of {model_name}: {parts} × {shape.rows} rows of {length} pieces, {hidden:,} of them hidden"
        table = table_of(rows, work, title, [f"on {here}", *notes])
        kept = {"rows": [as_json(row) for row in rows], "work": as_json(work), "machine": here, "notes": notes}
        result = results.keep(folder, kept, table, draw(rows, work))
    table.show()
    return result
