"""`sentiment bench predict`: answering posts here, beside PyTorch, ONNX Runtime and OpenVINO with the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sentiment import processes
from sentiment.bench.speed import products, tools
from sentiment.bench.speed.common import TEST, Bench, conclude, lengths_of, options, posts_of, workplace, write
from sentiment.bench.speed.start import write_theirs
from sentiment.bench.speed.train import BF16, MODEL, OURS, OWN
from sentiment.bench.speed.turns import Way, in_turn
from sentiment.errors import InputError
from sentiment.experiments import results
from sentiment.model.folder import CARD, open_model
from sentiment.model.scoring import BATCH_SIZE
from sentiment.settings import read_settings
from sentiment.step import Result, step
from sentiment.text.units import counted

EIGHT_BITS = f"{OURS}, an export in 8 bits"
TORCH, ONNX, OPENVINO = "PyTorch, sorted by length", "ONNX Runtime", "OpenVINO"


def ways_of(bench: Bench, job: dict[str, Any], model: Path, theirs: Path) -> list[Way]:
    """Returns who answers: ours, and the others whose packages are there."""
    own = {**job, "model": str(model), "folder": str(bench.work)}
    found = [Way(OURS, processes.python_module(OWN), {**own, "what": "predict"})]
    if bench.processor.int8:
        found.append(Way(EIGHT_BITS, processes.python_module(OWN), {**own, "what": "predict in 8 bits"}))
    if not bench.python:
        return found
    command, versions = tools.script(bench.python, "sorted_predict"), bench.versions
    common = {**job, "model": str(theirs), "folder": str(bench.work), "batch_size": BATCH_SIZE}
    kinds = [False, True] if bench.processor.bfloat16 else [False]
    found += [Way(TORCH + BF16 * kind, command, {**common, "engine": "torch", "bfloat16": kind}) for kind in kinds]
    if "onnxruntime" in versions:
        names = {False: ONNX, True: f"{ONNX}, int8"}
        found += [Way(name, command, {**common, "engine": "onnx", "int8": int8}) for int8, name in names.items()]
    if "openvino" in versions:
        found.append(Way(OPENVINO, command, {**common, "engine": "openvino"}))
    return found


def model_of(named: Path | None, bench: Path) -> Path:
    """Returns the model to answer with. Raises: InputError when none is named and `bench train` has left none."""
    kept = bench / "train" / MODEL
    if named is None and not (kept / CARD).is_file():
        raise InputError(
            "there must be a model to answer with",
            found=f"no {kept}",
            do="Run `sentiment bench train`, or give --model.",
        )
    return named or kept


@click.command("predict")
@options
@click.option("--model", type=click.Path(path_type=Path), help="A model folder. [default: what `bench train` left]")
@click.option("--rows", type=click.IntRange(1), default=2000, show_default=True, help="Posts of test.tsv, at most.")
@step
def command(
    data: Path | None,
    repetitions: int,
    seed: int,
    named: Path | None,
    output: Path | None,
    model: Path | None,
    rows: int,
) -> Result:
    """Compare predicting with PyTorch, ONNX Runtime (float32 and int8) and OpenVINO.

    Where the processor multiplies int8 itself, our export in 8 bits answers, too.

    All have the same weights and answer the same posts, in turn, in batches of the same size.
    """
    settings = read_settings()
    data = data or settings.base_data
    bench = Bench.of(results.folder_for(settings, "predict", output, ["work"]), named)
    model = model_of(model, settings.runs / "bench")
    opened = open_model(model)
    posts = posts_of(data / TEST, opened.card.label_set, rows, seed)
    with workplace(bench) as work:
        write_theirs(work / "theirs", opened)
        job = {"test": write(work, TEST, posts), "max_seq_length": opened.card.max_seq_length}
        ways, lengths = ways_of(bench, job, model, work / "theirs"), lengths_of(opened, posts)
        done = in_turn("bench predict", ways, repetitions, lambda _: {}, kept=True, warm=True)
        title = f"predicting {len(posts):,} posts of {data} with {opened.card.name}"
        turns = counted(repetitions, "repetition")
        how = (
            f"in turn, {turns} after one that does not count: median (lowest–highest); ratios within "
            f"one; batches of {BATCH_SIZE}, {sum(lengths) / len(lengths):.0f} pieces in the mean; cutting posts into "
            "pieces is part of it, start-up is not"
        )
        operations = products.least(opened.card.architecture, lengths) / len(posts)
        result, table = conclude(bench, title, done, lambda turn: len(posts) / turn.seconds, operations, how)
    table.show()
    return result
