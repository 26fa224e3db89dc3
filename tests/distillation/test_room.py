"""The posts of a student must fit into memory, and that is said before the teacher is asked."""

from __future__ import annotations

import re
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from msgspec import structs
from support.results import whole

from sentiment.data.tsv import Post
from sentiment.distillation import distil
from sentiment.distillation.room import bytes_of_posts, require_room
from sentiment.distillation.soft_labels import drawn
from sentiment.errors import InputError
from sentiment.model.batches import encode
from sentiment.model.folder import open_model
from sentiment.pretraining.corpus import Corpus, stamp_of
from sentiment.results.pretraining import Counted

MIB = 2**20


def corpus_of(path: Path, *posts: str) -> Corpus:
    """Returns a corpus of these posts, all of which are used."""
    path.write_text("".join(f"{post}\n" for post in posts), encoding="utf-8")
    counted = structs.replace(whole(Counted), lines=len(posts), learnt=len(posts))
    return Corpus((path,), np.ones(len(posts), np.uint8), counted, (stamp_of(path),))


def test_posts_that_fit_are_taken_and_more_are_refused_with_how_many_do(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "corpus.txt", *["字" * 40] * 4000)
    require_room(corpus, 64, 16 * MIB)
    with pytest.raises(InputError, match=r"4,000 posts, which take about [56].*Give --most-posts") as refused:
        require_room(corpus, 64, 4 * MIB)
    fitting = int(re.findall(r"--most-posts ([0-9,]+)", str(refused.value))[0].replace(",", ""))
    require_room(drawn(corpus, fitting, seed=1), 64, 4 * MIB)
    with pytest.raises(InputError):
        require_room(drawn(corpus, fitting + 1, seed=1), 64, 4 * MIB)


def test_long_posts_and_long_sequences_take_more(tmp_path: Path) -> None:
    short, long = (corpus_of(tmp_path / f"{length}.txt", *["字" * length] * 100) for length in (10, 500))
    found = [bytes_of_posts(corpus, most) / 100 for corpus, most in ((short, 64), (long, 64), (long, 512))]
    assert found == sorted(found) and found[-1] > 5000


def test_a_few_very_long_posts_among_many_short_ones_are_counted_as_what_they_take(tmp_path: Path) -> None:
    """One sign of four bytes makes four bytes of every character beside it."""
    long = ["a" * 60_000 + "😂"] * 4
    corpus = corpus_of(tmp_path / "corpus.txt", *["好"] * 996, *long)
    assert bytes_of_posts(corpus, 64) > 4 * 4 * 60_000 + 1000 * 1000
    only_short = replace(corpus, use=np.array([1] * 996 + [0] * 4, np.uint8))
    assert bytes_of_posts(only_short, 64) < 1000 * 1200


def test_the_posts_of_a_training_take_no_more_than_is_said(tmp_path: Path, toy_model: Path) -> None:
    """Texts and pieces, as a training holds them."""
    tokenizer = open_model(toy_model).tokenizer
    posts = ["好吃的店" * 10, "a" * 3000, "b " * 3000, "😂" + "好" * 2000, "好"] * 200
    corpus = corpus_of(tmp_path / "corpus.txt", *posts)
    encode(tokenizer, [Post("好", 0)])
    tracemalloc.start()
    held = [Post(text, 0) for text, _ in corpus.posts()]
    encoded = encode(tokenizer, held)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(encoded) == len(posts) and taken < bytes_of_posts(corpus, tokenizer.max_seq_length)


def test_without_room_the_teacher_is_not_asked(
    toy_model: Path, corpus: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distil, "available_memory", lambda: 100_000)
    given = ["--teacher", str(toy_model), "--corpus", str(corpus), "--output", str(tmp_path / "student")]
    refused = CliRunner().invoke(distil.command, [*given, "--model-name", "scratch/toy"])
    assert isinstance(refused.exception, InputError)
    assert "145 posts, which take about" in str(refused.exception) and "\n" not in str(refused.exception)
    assert not (home / "runs" / "soft-labels").exists() and not (tmp_path / "student").exists()
