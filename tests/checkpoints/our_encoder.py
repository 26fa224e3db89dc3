"""Makes the small encoder that `sentiment pretrain` leaves, and records what TensorFlow answers with it.

    PYTHONPATH=. .venv/bin/python tests/checkpoints/our_encoder.py    writes tests/checkpoints/data/bert-of-pretrain

`make.py --check` opens that folder with PyTorch and compares; the tests check that what is made today is like it.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner
from numpy.typing import NDArray

from sentiment.model import encoder
from sentiment.pretraining.pretrain import command

NAME, ANSWERS = "bert-of-pretrain", "expected.npz"
FOLDER = Path(__file__).parent / "data" / NAME
SIZE = (1, 16, 2)  # layers, width, heads
FOOD, TALK = ("牛肉麵", "滷肉飯", "鹹酥雞", "BBQ"), ("好吃", "難吃", "普通", "too salty")
POSTS = [f"第{number}家的{FOOD[number % 4]}真的{TALK[number % 4]}，{number}分" for number in range(400)]
OPTIONS = ["--passes", "1", "--pieces", "300", "--length", "24", "--part-tokens", "2048", "--parts", "2"]
TEXTS = ["第7家的牛肉麵真的好吃，7分", "BBQ too SALTY é 𠮷", "難吃"]  # no [MASK]: a literal one is text for us
LENGTH = 16


def make(folder: Path) -> None:
    """Makes the encoder, named after where it stands: in the current folder."""
    (folder.parent / "posts.txt").write_text("\n".join(POSTS), encoding="utf-8")
    before = encoder.SCRATCH["scratch/tiny"]
    encoder.SCRATCH["scratch/tiny"] = SIZE
    try:
        with contextlib.chdir(folder.parent):
            arguments = ["--corpus", "posts.txt", "--output", folder.name, "--model-name", "scratch/tiny", *OPTIONS]
            done = CliRunner(env={"SENTIMENT_HOME": str(folder.parent)}).invoke(command, arguments)
    finally:
        encoder.SCRATCH["scratch/tiny"] = before
    if done.exit_code:
        raise RuntimeError(f"sentiment pretrain failed: {done.output}") from done.exception


def answers(folder: Path) -> dict[str, NDArray[Any]]:
    """Returns the texts, `input_ids` and `attention_mask` int32 [3, 16] as we cut them, and the answers, float32:

    `hidden` [3, 16, width], and `logits` [3, 16, pieces] of the masked-language head.
    """
    from sentiment.model.tokenizer import Tokenizer
    from sentiment.pretraining import network

    source = encoder.pretrained(str(folder), None)
    tokenizer = Tokenizer(source.pieces, max_seq_length=LENGTH, lower_case=source.lower_case)
    ids = tokenizer.encode(TEXTS).to_tensor(shape=(None, LENGTH))
    there = np.asarray(ids.numpy() != 0, np.int32)
    model = network.built(source.architecture, 1, source.pretrained)
    said = model(ids, attention_mask=there, output_hidden_states=True)
    return {
        "texts": np.array(TEXTS),
        "input_ids": ids.numpy(),
        "attention_mask": there,
        "hidden": said.hidden_states[-1].numpy(),
        "logits": said.logits.numpy(),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        made = Path(work) / NAME
        make(made)
        np.savez(made / ANSWERS, **answers(made))
        shutil.rmtree(FOLDER, ignore_errors=True)
        shutil.copytree(made, FOLDER)


if __name__ == "__main__":
    main()
