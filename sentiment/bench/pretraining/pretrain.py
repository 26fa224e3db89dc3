"""`sentiment bench pretrain`: tokens a second of a pretraining's step, beside PyTorch's and the machine's own rate.

Each stack learns the same parts from the same weights, on the processor, in a process of its own for each arithmetic.
They take their steps in turn, round by round, so that whatever else the machine does meanwhile slows all of them; a
ratio is one of two steps of the same round.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from sentiment import atomic, processes
from sentiment.bench.pretraining import torch_step
from sentiment.bench.pretraining.table import Stepped, Work, draw, table_of, unlike
from sentiment.bench.pretraining.work import Shape, lay_out, operations
from sentiment.bench.pretraining.worker import Ask, worker
from sentiment.bench.speed import tools
from sentiment.bench.speed.machine import this_processor
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
    return [arithmetic.FLOAT32, arithmetic.BFLOAT16] if arithmetic.native() else [arithmetic.FLOAT32]


def commands(folder: Path, torch_python: Path | None) -> list[tuple[str, str, list[str]]]:
    """Returns how, in which arithmetic, and by which command each is measured; ours comes first."""
    found = []
    for kind in arithmetics():
        found.append(("", kind, processes.python_module(OURS, str(folder), kind)))
        for how in (EAGER, COMPILED) if torch_python else ():
            # -I: neither our packages nor the folder of the script are among its modules.
            script = [str(torch_python), "-I", torch_step.__file__, str(folder), kind, how]
            found.append((how, kind, script))
    return found


def measured(folder: Path, torch_python: Path | None, times: int) -> tuple[list[Stepped], list[str]]:
    """Returns a row for each stack and arithmetic, and why PyTorch could not compile its step, if so."""
    rows, asks, failed = [], [], []
    with ExitStack() as open_ones:
        for how, kind, command in commands(folder, torch_python):
            try:
                row, ask = _ready(open_ones, how, kind, command)
            except Failed as error:
                if how == EAGER:
                    raise _no_step(error) from error
                if not how:
                    raise
                failed.append(f"PyTorch could not compile its step in {kind}: {error}")
                continue
            rows.append(row)
            asks.append(ask)
        for number in range(times):
            say(f"bench pretrain: round {number + 1} of {times}")
            for row, ask in zip(rows, asks, strict=True):
                row.steps.append(ask("step")["seconds"])
            for row, ask in zip(rows, asks, strict=True):
                row.products.append(ask("product")["seconds"])
    return rows, failed


def _no_step(error: Failed) -> InputError:
    return InputError(
        "PyTorch must be able to take a step",
        found=str(error),
        do="Give --torch-python another one; 2.13 with transformers 4.54 is what the project is tested with.",
    )


def _ready(open_ones: ExitStack, how: str, kind: str, command: Sequence[str]) -> tuple[Stepped, Ask]:
    say(f"bench pretrain: first steps of {f'PyTorch, {how},' if how else 'our own'} in {kind}")
    ask = open_ones.enter_context(worker(command))
    ready = ask(None)
    name = f"{ready['name']}, {how}" if how else ready["name"]
    return Stepped(name, kind, ready["losses"], [], []), ask


def require_torch(python: Path | None) -> None:
    """Raises: InputError when a Python is named that has no PyTorch."""
    if python is None:
        return
    try:
        with worker([str(python), "-I", "-c", "import torch, transformers, safetensors.torch, numpy; print(1)"]) as ask:
            ask(None)
    except (Failed, OSError) as error:
        raise InputError(
            "--torch-python must be a Python that has torch, transformers and numpy",
            found=f"{python}: {error}",
            do=tools.HOW + ".",
        ) from error


@click.command("pretrain")
@click.option(
    "--torch-python",
    type=click.Path(path_type=Path),
    help="A Python with PyTorch. [default: that of `make bench-tools`]",
)
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
    torch_python: Path | None,
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
    require_torch(torch_python)
    torch_python = torch_python or tools.python_of(None)
    folder = results.folder_for(read_settings(), "pretrain", output)
    shape = Shape(length, part_tokens, parts, float(options.HIDDEN_SHARE.default))
    settings = architecture(*encoder.SCRATCH[model_name], pieces, LONGEST_SEQUENCE)
    with atomic.exclusive_lock(folder / ".lock"), tempfile.TemporaryDirectory(prefix="sentiment-bench-") as place:
        asked = lay_out(Path(place), settings, shape)
        work = Work(shape.tokens, operations(settings, shape, asked))
        rows, failed = measured(Path(place), torch_python, times)
        here, notes = this_processor().told(), [*failed, *unlike(rows), *([] if torch_python else [TO_GET_PYTORCH])]
        title = f"a step of {model_name}: {parts} × {shape.rows} rows of {length} pieces, {asked:,} of them hidden"
        table = table_of(rows, work, title, [f"on {here}", *notes])
        kept = {"rows": [as_json(row) for row in rows], "work": as_json(work), "machine": here, "notes": notes}
        result = results.keep(folder, kept, table, draw(rows, work))
    table.show()
    return result
