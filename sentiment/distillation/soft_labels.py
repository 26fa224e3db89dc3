"""A teacher's answers to the posts of a corpus, on the disk: asked once, for every student that learns from them.

`probabilities.bin` holds float32 [posts, labels] in the order of the corpus, and no text. It grows by whole parts, so
that whoever was stopped goes on with the same numbers. Its folder is called after the teacher and the posts.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from msgspec import structs

from sentiment import atomic, file_sizes
from sentiment.data.tsv import Post
from sentiment.digests import sha256_of
from sentiment.disk import named
from sentiment.distillation.answers_kept import Digests
from sentiment.errors import InputError
from sentiment.model import folder as model_folder
from sentiment.model.soft import Floats
from sentiment.pretraining.corpus import Corpus
from sentiment.progress import progress
from sentiment.step import say

AT_ONCE = 4096  # posts that are asked together, and kept together
PROBABILITIES = "probabilities.bin"
FILES_OF_TEACHER = (model_folder.WEIGHTS, model_folder.CARD, model_folder.VOCABULARY)


def digest_of_model(model: Path) -> str:
    """Returns a sha256, in hex, of all that decides a model's answers. Raises: InputError when a file is missing."""
    model_folder.read_card(model)
    missing = [name for name in FILES_OF_TEACHER if not (model / name).is_file()]
    if missing:
        raise InputError("a teacher's folder must be whole", found=f"no {model / missing[0]}", do="Restore the folder.")
    file_sizes.require_written(model / name for name in FILES_OF_TEACHER)
    return hashlib.sha256("".join(sha256_of(model / name) for name in FILES_OF_TEACHER).encode()).hexdigest()


def identity_of(teacher: str, corpus: Corpus) -> str:
    """Returns what names the answers: the teacher's digest, the corpus's files, and which of their posts count."""
    files = [sha256_of(path) for path in corpus.files]
    counts = hashlib.sha256((corpus.use > 0).tobytes()).hexdigest()
    return hashlib.sha256(json.dumps([teacher, files, counts]).encode()).hexdigest()


def drawn(corpus: Corpus, most: int, seed: int) -> Corpus:
    """Returns the corpus with at most so many of its posts (0: all), drawn by the seed; none is held out."""
    counted = corpus.counted
    counted = structs.replace(counted, learnt=counted.learnt + counted.held_out, held_out=0)
    use = (corpus.use > 0).astype(np.uint8)
    if most and counted.learnt > most:
        chosen = np.random.default_rng(seed).choice(np.flatnonzero(use), most, replace=False)
        use = np.zeros_like(use)
        use[chosen] = 1
    return replace(corpus, use=use, counted=counted)


def soft_labels(teacher: Path, corpus: Corpus, folder: Path) -> Floats:
    """Returns the teacher's probabilities, float32 [posts, labels], read from the disk where they are used.

    Those that are not in `folder` yet are asked for. Raises: InputError when an answer is no number; OSError when the
    disk is full.
    """
    labels = len(model_folder.read_card(teacher).labels)
    number, path = int((corpus.use > 0).sum()), folder / PROBABILITIES
    with atomic.exclusive_lock(folder / ".lock"):
        done = answered(path, number, labels)
        _say_of_damage(path, done, number, labels)
        if done < number or not Digests(path).are_there:
            Digests(path).replace(_whole_parts(path, done, labels))
        if done:
            say(f"distil: {done:,} of {number:,} posts were answered by the teacher before")
        if done < number:
            _ask(teacher, corpus, path, done, number)
    return np.memmap(path, np.float32, "r", shape=(number, labels))


def answered(path: Path, number: int, labels: int) -> int:
    """Returns how many of `number` posts have an answer: of whole parts, up to the first that holds anything else."""
    rows, digests = _rows(path, number, labels), Digests(path)
    for place, part in enumerate(_whole_parts(path, rows, labels)):
        start = place * AT_ONCE
        if len(part) != min(AT_ONCE, number - start) or not digests.fit(place, part):
            return start
    return rows


def _rows(path: Path, number: int, labels: int) -> int:
    """Returns how many rows the file has, of those that it is to have."""
    return min(number, path.stat().st_size // (4 * labels)) if path.is_file() else 0


def _whole_parts(path: Path, rows: int, labels: int) -> Iterator[Floats]:
    if rows:  # an empty file cannot be mapped
        found = np.memmap(path, np.float32, "r", shape=(rows, labels))
        yield from (found[start : start + AT_ONCE] for start in range(0, rows, AT_ONCE))


def _say_of_damage(path: Path, done: int, number: int, labels: int) -> None:
    """Says where more than the part that was being written when somebody stopped it is no answer."""
    if _rows(path, number, labels) >= min(number, done + AT_ONCE) > done:
        say(f"distil: the answers in {path} are damaged after the first {done:,}; the teacher is asked for these anew")


def _ask(teacher: Path, corpus: Corpus, path: Path, done: int, number: int) -> None:
    opened = model_folder.open_model(teacher)
    from sentiment.model.batches import encode
    from sentiment.model.scoring import Scorer

    scorer, digests = Scorer(opened.keras, opened.card.max_seq_length), Digests(path)
    texts = islice((post for post, _ in corpus.posts()), done, None)
    path.touch()
    os.truncate(path, done * 4 * len(opened.card.labels))
    with path.open("ab") as handle, progress(number, "teacher", "posts", done=done) as line:
        for posts in _parts(texts):
            given = scorer.probabilities(encode(opened.tokenizer, posts), line=line).astype(np.float32)
            if not np.isfinite(given).all():
                raise InputError(
                    "a teacher must answer with numbers", found=f"others from {teacher}", do="Train it anew."
                )
            try:
                handle.write(given.tobytes())
                handle.flush()
                os.fsync(handle.fileno())
            except OSError as error:
                raise named(error, path) from None
            digests.add(given)


def _parts(texts: Iterator[str]) -> Iterator[list[Post]]:
    while some := [Post(text, 0) for text in islice(texts, AT_ONCE)]:
        yield some
