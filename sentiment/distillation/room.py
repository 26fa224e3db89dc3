"""Whether the posts of a student fit into memory, where all of them are held while it learns.

A training holds each post's text and its pieces. The figures are those of 200,000 posts of 40 and of 100 characters,
measured and rounded up.
"""

from __future__ import annotations

import sys

from sentiment.errors import InputError
from sentiment.pretraining.corpus import Corpus
from sentiment.progress import progress
from sentiment.text.units import bytes_as_text

BYTES_OF_A_POST = 1000  # without its text and its pieces
BYTES_OF_A_PIECE = 8  # its id, and of which segment it is
AROUND = 2  # pieces that stand around each text
SHARE_OF_MEMORY = 0.75  # the rest is for the model, and for whatever else runs


def bytes_of_posts(corpus: Corpus, max_seq_length: int) -> int:
    """Returns how many bytes the posts that are used take, about, while a student learns: each by its own length."""
    total = 0
    with progress(int((corpus.use > 0).sum()), "measuring", "posts") as line:
        for text, _ in corpus.posts():
            pieces = min(max_seq_length, len(text) + AROUND)  # a piece has one character at least
            total += BYTES_OF_A_POST + sys.getsizeof(text) + BYTES_OF_A_PIECE * pieces
            line.update()
    return total


def require_room(corpus: Corpus, max_seq_length: int, available: int) -> None:
    """Raises: InputError when the posts that are used would take more than their share of the `available` bytes."""
    used, taken = int((corpus.use > 0).sum()), bytes_of_posts(corpus, max_seq_length)
    room = SHARE_OF_MEMORY * available
    if taken > room:
        fitting = int(room / taken * used)
        raise InputError(
            f"the posts that a student learns from must fit into {bytes_as_text(round(room))}, {SHARE_OF_MEMORY:.0%} of"
            " the memory that is free",
            found=f"{used:,} posts, which take about {bytes_as_text(taken)}",
            do=f"Give --most-posts {fitting:,}, or fewer." if fitting else "Free memory.",
        )
