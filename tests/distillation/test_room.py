"""The posts of a student must fit into memory, and that is said before the teacher is asked."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from msgspec import structs
from support.results import whole

from sentiment.distillation import distil
from sentiment.distillation.room import bytes_of_a_post, require_room
from sentiment.distillation.soft_labels import drawn
from sentiment.errors import InputError
from sentiment.pretraining.corpus import Corpus, stamp_of
from sentiment.results.pretraining import Counted

GIB = 2**30


def corpus_of(path: Path, posts: int, length: int) -> Corpus:
    """Returns a corpus that claims so many posts, each of so many characters, whatever its file holds."""
    path.write_text(("字" * length + "\n") * 10, encoding="utf-8")
    counted = structs.replace(whole(Counted), lines=10, learnt=posts)
    return Corpus((path,), np.ones(posts, np.uint8), counted, (stamp_of(path),))


def test_posts_that_fit_are_taken_and_more_are_refused_with_how_many_do(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "corpus.txt", 4_000_000, 40)
    require_room(corpus, 64, 16 * GIB)
    with pytest.raises(InputError, match=r"4,000,000 posts, which take about 6.*Give --most-posts") as refused:
        require_room(corpus, 64, 4 * GIB)
    fitting = int(re.findall(r"--most-posts ([0-9,]+)", str(refused.value))[0].replace(",", ""))
    require_room(drawn(corpus, fitting, seed=1), 64, 4 * GIB)
    with pytest.raises(InputError):
        require_room(drawn(corpus, fitting + 1, seed=1), 64, 4 * GIB)


def test_long_posts_and_long_sequences_take_more(tmp_path: Path) -> None:
    short, long = (corpus_of(tmp_path / f"{length}.txt", 100, length) for length in (10, 500))
    found = [bytes_of_a_post(corpus, most) for corpus, most in ((short, 64), (long, 64), (long, 512))]
    assert found == sorted(found) and found[-1] > 5000


def test_without_room_the_teacher_is_not_asked(
    toy_model: Path, corpus: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distil, "available_memory", lambda: 100_000)
    given = ["--teacher", str(toy_model), "--corpus", str(corpus), "--output", str(tmp_path / "student")]
    refused = CliRunner().invoke(distil.command, [*given, "--model-name", "scratch/toy"])
    assert isinstance(refused.exception, InputError)
    assert "145 posts, which take about" in str(refused.exception) and "\n" not in str(refused.exception)
    assert not (home / "runs" / "soft-labels").exists() and not (tmp_path / "student").exists()
