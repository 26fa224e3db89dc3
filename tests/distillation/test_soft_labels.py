"""A teacher is asked once, and whoever was stopped goes on with the same numbers."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentiment.distillation import soft_labels as asking
from sentiment.distillation.soft_labels import (
    PROBABILITIES,
    answered,
    digest_of_model,
    drawn,
    identity_of,
    soft_labels,
)
from sentiment.errors import InputError
from sentiment.model.scoring import Scorer
from sentiment.pretraining.corpus import Corpus, read_corpus


@pytest.fixture
def read(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    monkeypatch.setattr(asking, "AT_ONCE", 40)
    return drawn(read_corpus([corpus], ["好吃"]), 0, 13)


@pytest.fixture
def whole(read: Corpus, toy_model: Path, tmp_path: Path) -> bytes:
    found = soft_labels(toy_model, read, tmp_path / "whole")
    assert found.shape == (144, 3) and np.allclose(found.sum(axis=1), 1, atol=1e-5)
    return (tmp_path / "whole" / PROBABILITIES).read_bytes()


def stopped_after(parts: int, error: BaseException) -> Any:
    whole, asked = Scorer.probabilities, [0]

    def stopped(self: Scorer, *given: Any, **more: Any) -> Any:
        asked[0] += 1
        if asked[0] > parts:
            raise error
        return whole(self, *given, **more)

    return stopped


def test_it_goes_on_where_it_was_stopped_and_then_asks_nothing(
    read: Corpus, toy_model: Path, tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Scorer, "probabilities", stopped_after(2, KeyboardInterrupt()))
        soft_labels(toy_model, read, tmp_path / "kept")
    kept = tmp_path / "kept" / PROBABILITIES
    assert kept.read_bytes() == whole[: 2 * 40 * 3 * 4]
    kept.write_bytes(kept.read_bytes() + whole[2 * 40 * 3 * 4 :][:100])  # killed within a write
    soft_labels(toy_model, read, tmp_path / "kept")
    assert kept.read_bytes() == whole
    monkeypatch.setattr(Scorer, "probabilities", stopped_after(0, AssertionError("asked again")))
    soft_labels(toy_model, read, tmp_path / "kept")


def test_what_is_no_answer_is_asked_again(read: Corpus, toy_model: Path, tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "whole" / PROBABILITIES
    path.write_bytes(whole[: 60 * 12] + bytes(40 * 12) + whole[100 * 12 :])  # as a power cut may leave it
    assert answered(path, 144, 3) == 40
    soft_labels(toy_model, read, tmp_path / "whole")
    assert path.read_bytes() == whole


def test_answers_of_others_are_asked_again_and_said(
    read: Corpus, toy_model: Path, tmp_path: Path, whole: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it was, whatever summed to 1 was taught."""
    path = tmp_path / "whole" / PROBABILITIES
    for other in (np.full((40, 3), 1 / 3, np.float32), np.tile(np.array([2, -1, 0], np.float32), (40, 1))):
        path.write_bytes(whole[: 40 * 12] + other.tobytes() + whole[80 * 12 :])
        capsys.readouterr()
        soft_labels(toy_model, read, tmp_path / "whole")
        assert "are damaged after the first 40; the teacher is asked for these anew" in capsys.readouterr().err
        assert path.read_bytes() == whole


@pytest.mark.parametrize("kept", [b"", b"\0" * 200, b"\xff"], ids=["cut", "zeros", "no text"])
def test_digests_that_are_damaged_have_the_teacher_asked_again(
    read: Corpus, toy_model: Path, tmp_path: Path, whole: bytes, kept: bytes
) -> None:
    path = tmp_path / "whole" / PROBABILITIES
    path.with_suffix(".sha256").write_bytes(kept)
    assert answered(path, 144, 3) == 0
    soft_labels(toy_model, read, tmp_path / "whole")
    assert path.read_bytes() == whole and answered(path, 144, 3) == 144


def test_answers_that_an_earlier_version_kept_are_not_asked_again(
    read: Corpus, toy_model: Path, tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "whole" / PROBABILITIES
    path.with_suffix(".sha256").unlink()
    monkeypatch.setattr(Scorer, "probabilities", stopped_after(0, AssertionError("asked again")))
    soft_labels(toy_model, read, tmp_path / "whole")
    path.write_bytes(np.full((144, 3), 1 / 3, np.float32).tobytes())
    assert answered(path, 144, 3) == 0, "from now on they are known"


@pytest.mark.parametrize(("rows", "found"), [(0, 0), (39, 0), (40, 40), (119, 80), (143, 120), (144, 144), (200, 144)])
def test_only_whole_parts_count(rows: int, found: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "AT_ONCE", 40)
    np.full((rows, 3), 1 / 3, np.float32).tofile(tmp_path / "it")
    assert answered(tmp_path / "it", 144, 3) == found
    assert answered(tmp_path / "none", 144, 3) == 0


def test_a_full_disk_is_an_error_of_that_file(
    read: Corpus, toy_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError) as caught:
        soft_labels(toy_model, read, tmp_path / "kept")
    assert caught.value.filename == str(tmp_path / "kept" / PROBABILITIES)


def test_an_answer_that_is_no_number_is_refused(
    read: Corpus, toy_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scorer, "probabilities", lambda self, encoded, line: np.full((len(encoded), 3), np.nan))
    with pytest.raises(InputError, match="a teacher must answer with numbers"):
        soft_labels(toy_model, read, tmp_path / "kept")


def test_some_posts_are_drawn_by_the_seed_and_the_rest_is_counted(corpus: Path) -> None:
    read = read_corpus([corpus], ["好吃"])
    some, again, others = drawn(read, 50, 1), drawn(read, 50, 1), drawn(read, 50, 2)
    assert (some.use == again.use).all() and (some.use != others.use).any()
    assert some.use.sum() == 50 and len(list(some.posts())) == 50 and not any(held for _, held in some.posts())
    assert (some.counted.learnt, some.counted.held_out) == (144, 0)
    assert (some.counted.repeated, some.counted.of_tests, some.counted.empty) == (1, 1, 1)
    assert drawn(read, 1000, 1).use.sum() == 144


def test_another_teacher_another_corpus_or_other_posts_have_other_answers(
    corpus: Path, toy_model: Path, tmp_path: Path
) -> None:
    read, teacher = read_corpus([corpus], []), digest_of_model(toy_model)
    known = {identity_of(teacher, read), identity_of("other", read), identity_of(teacher, drawn(read, 50, 1))}
    known.add(identity_of(teacher, read_corpus([corpus, corpus], [])))
    assert len(known) == 4 and identity_of(teacher, drawn(read, 0, 1)) in known


def test_a_teacher_must_be_whole(toy_model: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_bytes((toy_model / "model.json").read_bytes())
    with pytest.raises(InputError, match=r"no .*weights\.h5"):
        digest_of_model(tmp_path / "model")
