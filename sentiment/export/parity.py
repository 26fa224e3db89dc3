"""Checks that the exported model answers like the trained one, with the files on disk and on real rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from sentiment.client.answer import TEXT, TITLED
from sentiment.data.tsv import Post
from sentiment.errors import SentimentError
from sentiment.model.batches import Encoded, Inputs, encode, padded, plan
from sentiment.model.folder import OpenedModel
from sentiment.model.scoring import AT_ONCE, BATCH_SIZE, Answered, Scorer, in_order
from sentiment.results.export import Parity
from sentiment.tensorflow_setup import tf

MOST_ROWS = 256
FEWEST_ROWS = 64
LONGEST_TITLE = 40  # characters of an invented one
Probabilities = NDArray[np.float32]


class ParityError(SentimentError):
    """The export does not answer like the model that it was made from, so it must not be served."""


@dataclass(frozen=True)
class Tolerance:
    """What a format may change: a probability by `difference` (None: any), the label in 1 − `agreement` of the rows."""

    difference: float | None
    agreement: float


SAME = Tolerance(1e-4, 1.0)  # float32 arithmetic in another order
# Eight-bit weights and half floats move probabilities near a tie, so only the label counts. A few hundred test rows
# cannot tell one row in fifty from the difference between two seeds.
ROUNDED = Tolerance(None, 0.98)


def is_within(parity: Parity, tolerance: Tolerance) -> bool:
    """Tells whether the answers are as close as they have to be."""
    close = tolerance.difference is None or parity.largest_difference <= tolerance.difference
    return close and parity.agreement >= tolerance.agreement


def differing(wanted: Probabilities, found: Probabilities, tolerance: Tolerance) -> NDArray[np.intp]:
    """Returns the rows of [rows, labels] whose label differs, or whose probability differs by more than allowed."""
    number = np.isfinite(found).all(axis=1)
    other_label = found.argmax(axis=1) != wanted.argmax(axis=1)
    apart = np.abs(found - wanted).max(axis=1) > (np.inf if tolerance.difference is None else tolerance.difference)
    return np.flatnonzero(~number | other_label | apart)


def compare(wanted: Probabilities, found: Probabilities) -> Parity:
    """Compares probabilities [rows, labels]. A NaN or infinity counts as an infinite difference and another label."""
    number = np.isfinite(found).all(axis=1)
    equal = number & (found.argmax(axis=1) == wanted.argmax(axis=1))
    difference = np.abs(found - wanted).max() if number.all() else np.inf
    return Parity(len(wanted), float(difference), bool(equal.all()), float(equal.mean()))


def require(parity: Parity, tolerance: Tolerance, what: str) -> None:
    """Raises: ParityError when `parity` is outside `tolerance`."""
    if is_within(parity, tolerance):
        return
    bound = "" if tolerance.difference is None else f" and, within {tolerance.difference:g}, its probabilities"
    raise ParityError(
        f"{what} must give the trained model's labels in {tolerance.agreement:.0%} of the rows{bound};"
        f" found {parity.agreement:.1%} and a difference of {parity.largest_difference:g} in {parity.rows} rows"
    )


class Reference:
    """The trained model's answers to the rows of a comparison, computed once for all formats."""

    def __init__(self, opened: OpenedModel, posts: Sequence[Post]) -> None:
        self.max_seq_length = opened.card.max_seq_length
        self.encoded = self.encoded_texts = encode(opened.tokenizer, posts)
        self.texts = [post.text.encode("utf-8", "replace") for post in posts]
        self.titles = [post.title.encode("utf-8", "replace") for post in posts]
        self.reads_titles = opened.card.titles is True
        scorer = Scorer(opened.keras, self.max_seq_length, exact=True)
        self.wanted = scorer.probabilities(self.encoded, "parity")
        self.wanted_of_texts = self.wanted
        if any(post.title for post in posts):  # the text signature sees no title
            self.encoded_texts = encode(opened.tokenizer, [Post(post.text, post.label) for post in posts])
            self.wanted_of_texts = scorer.probabilities(self.encoded_texts, "parity")

    def check_saved_model(self, folder: Path, tolerance: Tolerance = SAME) -> Parity:
        """Compares every signature of the SavedModel in `folder`. Raises: ParityError.

        Every second text is asked with a NUL in its middle, which must change nothing.
        """
        signatures = tf.saved_model.load(str(folder)).signatures
        ids, texts = signatures["serving_default"], signatures[TEXT]
        by_ids = answers(lambda inputs: ids(**inputs)["probabilities"], self.encoded, self.max_seq_length)
        by_text, by_titled = np.empty_like(by_ids), np.empty_like(by_ids) if self.reads_titles else None
        asked = [with_nul(text) if row % 2 else text for row, text in enumerate(self.texts)]
        for rows in plan(self.encoded.lengths, BATCH_SIZE):
            some = tf.constant([asked[row] for row in rows])
            by_text[rows] = texts(text=some)["probabilities"].numpy()
            if by_titled is not None:
                titles = tf.constant([self.titles[row] for row in rows])
                by_titled[rows] = signatures[TITLED](title=titles, text=some)["probabilities"].numpy()
        parity = self.compare(by_ids, by_text, by_titled)
        require(parity, tolerance, "the export")
        return parity

    def compare(self, by_ids: Probabilities, by_text: Probabilities, by_titled: Probabilities | None = None) -> Parity:
        """Compares the answers of the signatures `serving_default`, `text` and `titled`, each [rows, labels]."""
        wanted, found = [self.wanted, self.wanted_of_texts], [by_ids, by_text]
        if by_titled is not None:
            wanted, found = [*wanted, self.wanted], [*found, by_titled]
        return structs.replace(compare(np.concatenate(wanted), np.concatenate(found)), rows=len(self.texts))


def answers(model: Callable[[Inputs], Any], encoded: Encoded, max_seq_length: int) -> Probabilities:
    """Returns the answers of `model` to all rows, float32 [rows, labels], asked in batches of similar length."""

    def answer(rows: NDArray[np.int64]) -> Answered:
        inputs = {name: tf.constant(value) for name, value in padded(encoded, rows, max_seq_length).items()}
        return rows, model(inputs).numpy()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return in_order(threads.map(answer, plan(encoded.lengths, BATCH_SIZE)))


def rows_for(posts: Sequence[Post], pieces: Sequence[str], *, titled: bool = False) -> list[Post]:
    """Returns the rows to compare on: some of `posts`, of every length, plus invented texts if there are few.

    For a `titled` model some have a title: where none has one, every second gets another's beginning.
    """
    rows = spread(posts) if len(posts) >= FEWEST_ROWS else [*posts, *invented_posts(pieces)]
    if not titled or any(post.title for post in rows):
        return rows
    titles = [rows[row - 1].text[:LONGEST_TITLE] if row % 2 else "" for row in range(len(rows))]
    return [post._replace(title=title) for post, title in zip(rows, titles, strict=True)]


def with_nul(text: bytes) -> bytes:
    """Returns `text` (UTF-8) with a NUL in its middle."""
    characters = text.decode()
    half = len(characters) // 2
    return f"{characters[:half]}\0{characters[half:]}".encode()


def spread(posts: Sequence[Post], most: int = MOST_ROWS) -> list[Post]:
    """Returns at most `most` of `posts`, evenly spread from the shortest to the longest, both included."""
    by_length = sorted(posts, key=lambda post: len(post.text))
    return [by_length[row] for row in np.linspace(0, len(posts) - 1, min(most, len(posts)), dtype=int)]


def invented_posts(pieces: Sequence[str], rows: int = FEWEST_ROWS) -> list[Post]:
    """Returns texts of growing length made of a vocabulary's own characters, for an export without a file of posts."""
    characters = [piece for piece in pieces if len(piece) == 1] or ["好"]
    draw = np.random.default_rng(0)
    return [Post("".join(draw.choice(characters, 1 + 2 * row)), 0) for row in range(rows)]


def text_of_length(pieces: Sequence[str], length: int) -> Post:
    """Returns an invented text of exactly `length` pieces, including [CLS] and [SEP]."""
    characters = [piece for piece in pieces if "一" <= piece <= "鿿" and len(piece) == 1]  # each is a piece of its own
    return Post("".join(np.random.default_rng(length).choice(characters or ["好"], max(length - 2, 0))), 0)
