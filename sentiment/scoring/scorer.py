"""The model of a version as a function of posts, and as bytes that reach another machine."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentiment.data.tsv import Post
from sentiment.digests import sha256_of
from sentiment.model import folder as model_folder

BATCH_SIZE = 64
NEEDED = (model_folder.WEIGHTS, model_folder.CARD, model_folder.VOCABULARY, model_folder.ENCODER)


def answers_of(folder: Path, batch_size: int, threads: int | None) -> Callable[[list[Post]], NDArray[np.float32]]:
    """Returns the model in `folder`: calibrated probabilities, float32 [posts, labels], in the posts' order.

    Its tokenizer is the graph that the export serves. Posts of like length share a batch. `threads` limits the
    processors that it uses, of a process in which TensorFlow has not begun.
    """
    from sentiment.tensorflow_setup import tf

    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    from sentiment.model.batches import encode
    from sentiment.model.scoring import Scorer

    opened = model_folder.open_model(folder)
    scorer = Scorer(opened.keras, opened.card.max_seq_length, batch_size)

    def answers(posts: list[Post]) -> NDArray[np.float32]:
        return scorer.probabilities(encode(opened.tokenizer, posts))

    return answers


def digest_of(folder: Path) -> str:
    """Returns the digest of what makes the answers: weights, card and vocabulary."""
    hashed = hashlib.sha256()
    for path in _files(folder):
        hashed.update(f"{path.relative_to(folder)}\n{sha256_of(path)}\n".encode())
    return hashed.hexdigest()


def _files(folder: Path) -> list[Path]:
    found = (folder / name for name in NEEDED)
    return sorted(path for one in found for path in (one, *one.rglob("*")) if path.is_file())


def packed_model(folder: Path) -> bytes:
    """Returns the files of a model as one archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:  # nothing in it is pressed: weights hardly shrink
        for path in _files(folder):
            archive.write(path, str(path.relative_to(folder)))
    return content.getvalue()


def unpack_model(content: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
