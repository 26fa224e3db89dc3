"""A tokenised corpus on the disk: written once, then read a row at a time, whatever its size.

`ids.bin` holds the pieces of all rows behind each other, `begins.bin` a byte a piece: 1 where a word begins, and
`ends.bin` where each row ends. `tokens.json` is written last, with the sha256 of each: see `tokens_kept`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.model.batches import at_once
from sentiment.pretraining import tokens_kept
from sentiment.progress import progress
from sentiment.step import say

if TYPE_CHECKING:
    from sentiment.model.tokenizer import Tokenizer
    from sentiment.pretraining.corpus import Corpus

LEARNT, HELD_OUT = "learnt", "held_out"
FILES = tuple(f"{part}/{name}.bin" for part in (LEARNT, HELD_OUT) for name in ("begins", "ends", "ids"))
CONTINUES = "##"
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Tokens:
    """The rows of a corpus: row i is `ids[ends[i-1]:ends[i]]`, without [CLS] and [SEP]."""

    ids: NDArray[np.uint16]
    begins: NDArray[np.uint8]
    ends: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many pieces each row has, with [CLS] and [SEP]."""
        return np.diff(self.ends, prepend=0) + 2

    def batch(self, rows: NDArray[np.int64], around: tuple[int, int], width: int) -> tuple[Ints, NDArray[np.bool_]]:
        """Returns the pieces of rows, int32 [rows, width], padded with 0, and where words begin, bool [rows, width].

        `around` are the ids of [CLS] and [SEP].
        """
        ids, begins = np.zeros((len(rows), width), np.int32), np.ones((len(rows), width), np.bool_)
        for line, row in enumerate(rows):
            start, end = (self.ends[row - 1] if row else 0), self.ends[row]
            ids[line, 0] = around[0]
            ids[line, 1 : 1 + end - start] = self.ids[start:end]
            begins[line, 1 : 1 + end - start] = self.begins[start:end]
            ids[line, 1 + end - start] = around[1]
        return ids, begins


def tokenised(
    corpus: Corpus, tokenizer: Tokenizer, pieces: list[str], length: int, folder: Path, *, segmented: bool, made_of: str
) -> tuple[Tokens, Tokens]:
    """Returns the rows to learn from, and the held-out ones; makes the folder unless it is there, whole, of the same.

    With `segmented`, words stand between spaces in the posts; else every Chinese character is a word. `made_of` names
    the corpus and the tokenizer. A row of unknown pieces alone is none: nothing of it can be hidden.

    Raises: InputError when no row is left.
    """
    why = tokens_kept.fault(folder, FILES, made_of)
    if why and folder.exists():
        say(f"pretrain: the tokens in {folder} {why}; the corpus is tokenised anew")
    if why:
        with atomic.replacing_folder(folder) as made:
            _write(corpus, tokenizer, pieces, length, made, segmented)
            tokens_kept.describe(made, FILES, made_of)
    found = _opened(folder / LEARNT), _opened(folder / HELD_OUT)
    if not all(len(tokens.ends) for tokens in found):
        raise InputError(
            "a corpus must have posts, some of them held out, with pieces that the vocabulary knows",
            found=f"{len(found[0].ends):,} to learn from and {len(found[1].ends):,} held out",
            do="Name files of other posts with --corpus, or another --vocab.",
        )
    return found


def _opened(folder: Path) -> Tokens:
    ends = np.fromfile(folder / "ends.bin", np.int64)
    if not len(ends):  # an empty file cannot be mapped
        return Tokens(np.zeros(0, np.uint16), np.zeros(0, np.uint8), ends)
    ids = np.memmap(folder / "ids.bin", np.uint16, "r")
    return Tokens(ids, np.memmap(folder / "begins.bin", np.uint8, "r"), ends)


def _write(corpus: Corpus, tokenizer: Tokenizer, pieces: list[str], length: int, folder: Path, segmented: bool) -> None:
    continues = np.array([piece.startswith(CONTINUES) for piece in pieces])
    learnt, held_out = (_Rows(folder / part, length - 2, tokenizer.unknown) for part in (LEARNT, HELD_OUT))
    posts = corpus.posts()
    with learnt, held_out, progress(corpus.counted.learnt + corpus.counted.held_out, "tokenising", "posts") as line:
        for some in at_once(posts, lambda post: len(post[0].encode())):
            texts = [post for post, _ in some]
            cut = _of_words(tokenizer, texts) if segmented else _of_posts(tokenizer, texts, continues)
            for (ids, begins), (_, is_held_out) in zip(cut, some, strict=True):
                (held_out if is_held_out else learnt).add(ids, begins)
            line.update(len(some))


def _of_posts(tokenizer: Tokenizer, posts: list[str], continues: NDArray[np.bool_]) -> Iterator[tuple[Ints, Ints]]:
    found = tokenizer.pieces([post.encode() for post in posts])
    for ids in np.split(found.values.numpy(), found.row_splits.numpy()[1:-1]):
        yield ids, (~continues[ids]).astype(np.int32)


def _of_words(tokenizer: Tokenizer, posts: list[str]) -> Iterator[tuple[Ints, Ints]]:
    """Yields the same where a space ends a word, of however many Chinese characters."""
    words = [post.split() for post in posts]
    found = tokenizer.pieces([word.encode() for post in words for word in post])
    values, ends = found.values.numpy(), found.row_splits.numpy()
    begins = np.zeros(len(values), np.int32)
    begins[ends[:-1][np.diff(ends) > 0]] = 1
    word_ends = np.cumsum([len(post) for post in words])[:-1]
    cuts = ends[word_ends]
    yield from zip(np.split(values, cuts), np.split(begins, cuts), strict=True)


class _Rows:
    """Writes rows of at most so many pieces; a longer post is cut into several, one of `unknown` ones alone is none."""

    def __init__(self, folder: Path, longest: int, unknown: int) -> None:
        folder.mkdir()
        self._folder, self._longest, self._unknown = folder, longest, unknown
        self._ends = array("q")
        self._end = 0

    def __enter__(self) -> _Rows:
        self._ids, self._begins = ((self._folder / f"{name}.bin").open("wb") for name in ("ids", "begins"))
        return self

    def add(self, ids: Ints, begins: Ints) -> None:
        for start in range(0, len(ids), self._longest):
            row = slice(start, start + self._longest)
            if (ids[row] == self._unknown).all():
                continue
            self._ids.write(ids[row].astype(np.uint16).tobytes())
            self._begins.write(begins[row].astype(np.uint8).tobytes())
            self._end += len(ids[row])
            self._ends.append(self._end)

    def __exit__(self, *_: object) -> None:
        with self._ids, self._begins:  # both are closed, also when one of them cannot write its last bytes
            pass
        # Not by `tofile`: its error on a full disk does not say that the disk is full.
        (self._folder / "ends.bin").write_bytes(self._ends.tobytes())
