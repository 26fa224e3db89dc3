"""Our side of `sentiment bench pretrain`: the step of `sentiment pretrain`, in a process whose arithmetic is its own.

python -m sentiment.bench.pretraining.tensorflow_step '{"folder": …, "arithmetic": "float32" or "bfloat16"}'
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from sentiment.bench.pretraining.torch_step import DECAY, PRODUCT, RATE, answer
from sentiment.bench.pretraining.work import PARTS, SETTINGS, WEIGHTS
from sentiment.model.arithmetic import use
from sentiment.pretraining.filled import Filled, filled
from sentiment.pretraining.masking import Hidden


def parts_in(folder: Path) -> list[Filled]:
    """Returns the parts as a pretraining gives them to its model: filled up to one of few shapes."""
    kept = np.load(folder / PARTS)
    found = []
    for number in range(len(kept.files) // len(Hidden._fields)):
        hidden = Hidden(*(kept[f"{name}-{number}"] for name in Hidden._fields))
        found.append(filled(hidden, np.ones(hidden.ids.shape, np.bool_), len(hidden.ids)))
    return found


def main(folder: str, arithmetic: str) -> None:
    use(arithmetic)
    work = Path(folder)
    from sentiment.pretraining.network import Learning, built
    from sentiment.tensorflow_setup import tf

    tf.config.set_visible_devices([], "GPU")
    settings = json.loads((work / SETTINGS).read_text(encoding="utf-8"))
    learning, parts = Learning(built(settings, 0, work / WEIGHTS), DECAY), parts_in(work)
    asked = sum(part.asked for part in parts)

    def step() -> float:
        loss = sum(float(learning.add(part.ids, part.there, part.places, part.answers)) for part in parts)
        float(learning.step(np.float32(RATE), np.float32(asked)))
        return loss / asked

    matrix = tf.cast(tf.random.uniform((PRODUCT, PRODUCT)), arithmetic)
    answer(f"sentiment pretrain, TensorFlow {tf.__version__}", step, lambda: tf.matmul(matrix, matrix).numpy())


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
