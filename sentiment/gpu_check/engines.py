"""Asks a TensorRT export every shape that its engines are built for, where no shape may fall back to TensorFlow.

Else a server whose engines do not run answers all the same, and nobody notices: an engine that fails is replaced by the
part of the graph that it was made from.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from sentiment.errors import InputError
from sentiment.gpu_check.xla import milliseconds
from sentiment.model.folder import read_card
from sentiment.step import Result, run, step

# Read by TensorFlow's TRTEngineOp: with "False" it refuses ("User disallowed engine native segment execution").
FALL_BACK = "TF_TRT_ALLOW_ENGINE_NATIVE_SEGMENT_EXECUTION"


@click.command("engines")
@click.option("--export", type=click.Path(path_type=Path), required=True, help="A version folder.")
@click.option("--model", type=click.Path(path_type=Path), required=True, help="The model folder it was made from.")
@step
def command(export: Path, model: Path) -> Result:
    """Ask an export every shape that is served, in its engines only."""
    os.environ[FALL_BACK] = "False"
    from sentiment.export.tensorrt import SIGNATURE, inputs_of, plan_for
    from sentiment.tensorflow_setup import tf

    plan = plan_for(read_card(model).max_seq_length)
    answer = tf.saved_model.load(str(export)).signatures[SIGNATURE]
    asked = [{name: tf.constant(ids) for name, ids in inputs.items()} for inputs in inputs_of(plan)]
    for (batch, length), inputs in zip(plan.shapes, asked, strict=True):
        try:
            answer(**inputs)
        except tf.errors.OpError as error:
            raise InputError(
                f"an engine must answer {batch} rows of {length} pieces",
                found=error.message[:200],
                do="Convert again on this GPU, and read what TensorFlow says at TF_CPP_MIN_LOG_LEVEL=0.",
            ) from error
    return {
        "shapes": len(asked),
        "smallest_ms": milliseconds(lambda: answer(**asked[0])["probabilities"].numpy()),
        "largest_ms": milliseconds(lambda: answer(**asked[-1])["probabilities"].numpy()),
    }


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], command, "engines"))
