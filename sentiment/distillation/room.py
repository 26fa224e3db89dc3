"""Whether the posts of a student fit into memory, where all of them are held while it learns.

A training holds each post's text and its pieces. The figures are those of 200,000 posts of 40 and of 100 characters,
measured and rounded up.
"""

from __future__ import annotations

from sentiment.errors import InputError
from sentiment.pretraining.corpus import Corpus
from sentiment.text.units import bytes_as_text

BYTES_OF_A_POST = 1000  # without its text and its pieces
BYTES_OF_A_PIECE = 8  # its id, and of which segment it is
SHARE_OF_MEMORY = 0.75  # the rest is for the model, and for whatever else runs


def bytes_of_a_post(corpus: Corpus, max_seq_length: int) -> float:
    """Returns about how many bytes a post takes while a student learns: by the mean length of the corpus's lines."""
    text = sum(path.stat().st_size for path in corpus.files) / max(1, corpus.counted.lines)
    return BYTES_OF_A_POST + text + BYTES_OF_A_PIECE * min(max_seq_length, text)


def require_room(corpus: Corpus, max_seq_length: int, available: int) -> None:
    """Raises: InputError when the posts that are used would take more than their share of the `available` bytes."""
    used, each = int((corpus.use > 0).sum()), bytes_of_a_post(corpus, max_seq_length)
    room = SHARE_OF_MEMORY * available
    if used * each > room:
        fitting = int(room / each)
        raise InputError(
            f"the posts that a student learns from must fit into {bytes_as_text(round(room))}, {SHARE_OF_MEMORY:.0%} of"
            " the memory that is free",
            found=f"{used:,} posts, which take about {bytes_as_text(round(used * each))}",
            do=f"Give --most-posts {fitting:,}, or fewer." if fitting else "Free memory.",
        )
