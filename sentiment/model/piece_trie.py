"""The pieces of a vocabulary as the tokenizer takes them, and what it costs to build it from them.

TF-Text makes a trie: a node for each beginning that a piece has, whatever else begins alike. A node takes about 260
bytes while it is built, and so does a piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sentiment.errors import InputError

LONGEST_WORD = 100  # bytes: a longer word of a text is unknown, so a longer piece is found in none
MOST_PIECES = 1_000_000  # as many as an encoder may have embeddings for; LaBSE has 501,153
LARGEST = 2_000_000  # nodes and pieces together: some 500 MB. Multilingual BERT has about a fifth of them


def ids(pieces: Sequence[str]) -> dict[str, int]:
    """Returns the id of each piece: its line in the vocabulary, the last one if there are several."""
    return {piece: row for row, piece in enumerate(pieces)}


def usable(pieces: Sequence[str]) -> list[str]:
    """Returns `pieces`, each row where it was, with something that no text can hold in the rows that are never used.

    These are all of a repeated piece but the last, and those longer than a word. A text is split at white space and
    around brackets, so a piece that holds both is found in none. It is short, and begins as its neighbours do: a
    vocabulary may repeat a piece a million times.
    """
    used = ids(pieces)
    return [piece if used[piece] == row and _fits(piece) else f"[ {row}" for row, piece in enumerate(pieces)]


def _fits(piece: str) -> bool:
    return len(piece.removeprefix("##").encode()) <= LONGEST_WORD


def require_room(pieces: Sequence[str], source: str) -> None:
    """Raises: InputError when the tokenizer of `pieces` would take more memory and time than those of any language."""
    size = len(pieces) + nodes(usable(pieces))
    if size > LARGEST:
        raise InputError(
            f"a vocabulary must have at most {LARGEST:,} pieces and different beginnings of pieces, taken together",
            found=f"{size:,} in {source}",
            do="Name a BERT vocab.txt.",
        )


def nodes(pieces: Sequence[str]) -> int:
    """Returns how many different beginnings, in bytes, the pieces have: each makes a node of their trie."""
    ordered = sorted(piece.encode() for piece in pieces)
    return sum(len(piece) - _alike(before, piece) for before, piece in pairwise([b"", *ordered]))


def _alike(one: bytes, other: bytes) -> int:
    """Returns with how many bytes both begin: as numbers they differ below these. A loop takes ten times as long."""
    most = min(len(one), len(other))
    differ = int.from_bytes(one[:most], "big") ^ int.from_bytes(other[:most], "big")
    return most - (differ.bit_length() + 7) // 8


def built(pieces: Sequence[str], unknown: str) -> Any:
    """Returns TF-Text's tokenizer of `pieces`. Raises: InputError when it cannot be made of them."""
    from sentiment.tensorflow_setup import tf, tf_text

    try:
        return tf_text.FastBertTokenizer(
            vocab=usable(pieces),
            max_bytes_per_word=LONGEST_WORD,
            token_out_type=tf.int32,
            unknown_token=unknown,
            lower_case_nfd_strip_accents=False,
        )
    except RuntimeError as error:  # NUL in a piece, or more ways on after a piece that breaks off than it can number
        raise InputError(
            "a vocabulary must be one that the tokenizer can be built from",
            found=" ".join(str(error).split())[:200].rstrip("."),
            do="Name a BERT vocab.txt.",
        ) from None


def models(tokenizer: Any) -> frozenset[bytes]:
    """Returns the models of what `built` returns: the same for the same pieces, byte for byte.

    They are what TF-Text's operations are given, and believe.
    """
    parts = (tokenizer._fast_bert_normalizer, tokenizer._fast_wordpiece_tokenizer)
    return frozenset(part._model.numpy().tobytes() for part in parts)
