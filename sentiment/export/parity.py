"""Does the exported model say what the trained one says? Asked of the files on disk, for both signatures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sentiment.data.tsv import Post
from sentiment.errors import SentimentError
from sentiment.model.batches import encode, padded, plan
from sentiment.model.folder import OpenedModel
from sentiment.model.scoring import BATCH_SIZE, Scorer
from sentiment.model.tensorflow_setup import tf

LARGEST_DIFFERENCE = 1e-4  # of a probability, in float32
MOST_ROWS = 256
FEWEST_ROWS = 64


class ParityError(SentimentError):
    """The export does not answer as the model it was made from: it must not be served."""


def check(opened: OpenedModel, exported: Path, posts: Sequence[Post]) -> dict[str, Any]:
    """Returns {rows, largest_difference, labels_equal}; ParityError when the two models differ."""
    signatures = tf.saved_model.load(str(exported)).signatures
    singles = [Post(post.text, post.label) for post in posts]
    encoded, alone = encode(opened.tokenizer, posts), encode(opened.tokenizer, singles)
    scorer = Scorer(opened.keras, opened.card.max_seq_length)
    wanted = scorer.probabilities(encoded, "parity")
    wanted_alone = wanted if all(not post.title for post in posts) else scorer.probabilities(alone, "parity")
    difference, equal = 0.0, True
    for rows in plan(encoded.lengths, BATCH_SIZE):
        inputs = {name: tf.constant(value) for name, value in padded(encoded, rows, opened.card.max_seq_length).items()}
        texts = tf.constant([singles[row].text.encode("utf-8", "replace") for row in rows])
        answers = (
            (signatures["serving_default"](**inputs), wanted[rows]),
            (signatures["text"](text=texts), wanted_alone[rows]),
        )
        for answer, expected in answers:
            found = answer["probabilities"].numpy()
            difference = max(difference, float(np.abs(found - expected).max()))
            equal = equal and bool((found.argmax(axis=1) == expected.argmax(axis=1)).all())
    if not difference <= LARGEST_DIFFERENCE or not equal:
        raise ParityError(
            f"the export must give the trained model's labels and, within {LARGEST_DIFFERENCE:g}, its probabilities;"
            f" found labels {'equal' if equal else 'different'} and a difference of {difference:g} in {len(posts)} rows"
        )
    return {"rows": len(posts), "largest_difference": difference, "labels_equal": equal}


def invented_posts(pieces: Sequence[str], rows: int = FEWEST_ROWS) -> list[Post]:
    """Returns texts made of a vocabulary's own characters, of growing length, for an export without a file of posts."""
    characters = [piece for piece in pieces if len(piece) == 1]
    draw = np.random.default_rng(0)
    return [Post("".join(draw.choice(characters, 1 + 2 * row)), 0) for row in range(rows)]
