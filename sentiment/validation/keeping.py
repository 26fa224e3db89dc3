"""Keeps what an export answered, in its own folder, so that its answers are recognised when it is served."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentiment.errors import InputError
from sentiment.export.parity import Tolerance
from sentiment.results import record
from sentiment.results.served import FILE, KeptAnswers, read_answers
from sentiment.validation.asking import Version
from sentiment.validation.questions import TEXT

TRIED, KEPT = 96, 16  # invented texts
BATCH = 16  # texts in a request
LONGEST = 60  # characters
# How far the answers of one model may be apart on two processors. The first is four times the largest seen (a frozen
# graph, whose layers are fused: 0.0025); half floats, as TensorRT uses them, move a probability near a half more.
EXACT, ROUNDED = 0.01, 0.05
DIGITS = 6


def keep_answers(export: Path, version: Version, pieces: Sequence[str], tolerance: Tolerance) -> KeptAnswers:
    """Writes texts and what `version` answers to them into `export`, and returns them.

    Of many invented texts those are kept of which the model is least sure: there another model differs most. What was
    kept before stays when it still holds, so that a second validation of an export leaves its digest as it was.
    Raises: AnswerError.
    """
    within = EXACT if tolerance.difference is not None else ROUNDED
    before = _before(export)
    if before and before.within == within and _holds(before, version):
        return before
    texts = invented_texts(pieces)
    answers = _asked(version, texts)
    ordered = np.sort(answers, axis=1)
    rows = np.argsort(ordered[:, -1] - ordered[:, -2], kind="stable")[:KEPT]
    probabilities = [[round(float(value), DIGITS) for value in answers[row]] for row in rows]
    kept = KeptAnswers(texts=[texts[row] for row in rows], probabilities=probabilities, within=within)
    record.write(export / FILE, kept)
    return kept


def invented_texts(pieces: Sequence[str], number: int = TRIED) -> list[str]:
    """Returns texts of 1 to 60 of a vocabulary's own characters. They are drawn anew: nobody knows them beforehand."""
    characters = [piece for piece in pieces if len(piece) == 1] or ["好"]
    draw = np.random.default_rng()
    return ["".join(draw.choice(characters, size)) for size in draw.integers(1, LONGEST, number, endpoint=True)]


def _before(export: Path) -> KeptAnswers | None:
    """Returns what is kept there; None when that is nothing, or broken."""
    try:
        return read_answers(export)
    except InputError:
        return None


def _holds(kept: KeptAnswers, version: Version) -> bool:
    if not kept.texts:
        return False
    found, wanted = _asked(version, kept.texts), np.array(kept.probabilities)
    return found.shape == wanted.shape and bool((np.abs(found - wanted) <= kept.within).all())


def _asked(version: Version, texts: Sequence[str]) -> NDArray[np.float32]:
    """Returns the probabilities of the texts, [texts, labels]."""
    parts = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    asked = [version.predict(TEXT, {TEXT: [text.encode() for text in part]})["probabilities"] for part in parts]
    return np.concatenate(asked)
