"""Keeps what an export answered, in its own folder, so that its answers are recognised when it is served."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentiment.client.answer import IDS, TEXT, TITLED
from sentiment.errors import InputError
from sentiment.export.parity import Tolerance
from sentiment.model.vocabulary import CLASSIFY, SEPARATOR, UNKNOWN
from sentiment.results import record
from sentiment.results.served import FILE, KeptAnswers, inputs_of_ids, read_answers
from sentiment.validation.asking import Version

TRIED, KEPT = 96, 16  # invented texts
BATCH = 16  # texts in a request
LONGEST, LONGEST_TITLE = 60, 20  # characters
# How far the answers of one model may be apart on two processors. The first is four times the largest seen (a frozen
# graph, whose layers are fused: 0.0025); half floats, as TensorRT uses them, move a probability near a half more.
EXACT, ROUNDED = 0.01, 0.05
DIGITS = 6


def keep_answers(
    export: Path, version: Version, pieces: Sequence[str], tolerance: Tolerance, *, titled: bool = False
) -> KeptAnswers:
    """Writes texts, token ids and what `version` answers to them into `export`, and returns them.

    A `titled` model is asked the texts under titles, too: its signature for those may be another model's.

    Of many invented texts those are kept of which the model is least sure: there another model differs most. Their
    characters are the token ids: the signature for those may be another model's while that for texts is not. What was
    kept before stays when it still holds, so that a second validation of an export leaves its digest as it was.
    Raises: AnswerError.
    """
    within = EXACT if tolerance.difference is not None else ROUNDED
    before = _before(export)
    if before and before.within == within and _holds(before, version, titled):
        return before
    kept = _asked_anew(version, pieces, within, titled)
    record.write(export / FILE, kept)
    return kept


def _asked_anew(version: Version, pieces: Sequence[str], within: float, titled: bool) -> KeptAnswers:
    texts = invented_texts(pieces)
    answers, labels = _asked(version, texts)
    ordered = np.sort(answers, axis=1)
    rows = np.argsort(ordered[:, -1] - ordered[:, -2], kind="stable")[:KEPT]
    texts = [texts[row] for row in rows]
    ids = ids_of(texts, pieces)
    titles = invented_texts(pieces, len(texts), LONGEST_TITLE) if titled else []
    of_titled, labels_of_titled = _asked(version, texts, titles) if titled else (np.empty((0, 0), np.float32), {})
    return KeptAnswers(
        texts=texts,
        probabilities=_rounded(answers[rows]),
        within=within,
        labels=labels | labels_of_titled,
        ids=ids,
        of_ids=_rounded(_asked_ids(version, ids)),
        titles=titles,
        of_titled=_rounded(of_titled),
    )


def invented_texts(pieces: Sequence[str], number: int = TRIED, longest: int = LONGEST) -> list[str]:
    """Returns texts of 1 to `longest` of a vocabulary's own characters. Drawn anew: nobody knows them beforehand."""
    characters = [piece for piece in pieces if len(piece) == 1] or ["好"]
    draw = np.random.default_rng()
    return ["".join(draw.choice(characters, size)) for size in draw.integers(1, longest, number, endpoint=True)]


def ids_of(texts: Sequence[str], pieces: Sequence[str]) -> list[list[int]]:
    """Returns for each text [CLS], its characters and [SEP] as ids of the vocabulary `pieces`."""
    known = {piece: number for number, piece in enumerate(pieces)}
    unknown = known.get(UNKNOWN, 0)
    return [[known.get(piece, unknown) for piece in (CLASSIFY, *text, SEPARATOR)] for text in texts]


def _before(export: Path) -> KeptAnswers | None:
    """Returns what is kept there; None when that is nothing, or broken."""
    try:
        return read_answers(export)
    except InputError:
        return None


def _holds(kept: KeptAnswers, version: Version, titled: bool) -> bool:
    if not kept.texts or (kept.titles is not None and bool(kept.titles) is not titled):
        return False
    found, labels = _asked(version, kept.texts)
    if kept.labels and not labels.items() <= kept.labels.items():
        return False
    if kept.titles:
        found = np.concatenate([found, _asked(version, kept.texts, kept.titles)[0]])
    return _near(found, [*kept.probabilities, *kept.of_titled], kept.within) and (
        not kept.ids or _near(_asked_ids(version, kept.ids), kept.of_ids, kept.within)
    )


def _near(found: NDArray[np.float32], kept: Sequence[Sequence[float]], within: float) -> bool:
    if len(kept) != len(found) or any(len(row) != found.shape[1] for row in kept):
        return False
    return bool((np.abs(found - np.array(kept)) <= within).all())


def _rounded(answers: NDArray[np.float32]) -> list[list[float]]:
    return [[round(float(value), DIGITS) for value in row] for row in answers]


def _asked(
    version: Version, texts: Sequence[str], titles: Sequence[str] = ()
) -> tuple[NDArray[np.float32], dict[str, str]]:
    """Returns the probabilities of the texts, [texts, labels], and the labels that were answered, by their id.

    With `titles`, one for each text, the signature for those is asked.
    """
    inputs = {"text": texts, "title": titles} if titles else {"text": texts}
    parts = [slice(start, start + BATCH) for start in range(0, len(texts), BATCH)]
    asked = [
        version.predict(
            TITLED if titles else TEXT, {name: [one.encode() for one in of[part]] for name, of in inputs.items()}
        )
        for part in parts
    ]
    ids = np.concatenate([answer["label_id"] for answer in asked]).tolist()
    names = np.concatenate([answer["label"] for answer in asked]).tolist()
    labels = {str(number): name.decode() for number, name in sorted(set(zip(ids, names, strict=True)))}
    return np.concatenate([answer["probabilities"] for answer in asked]), labels


def _asked_ids(version: Version, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """Returns the probabilities of rows of token ids, [rows, labels]."""
    inputs = {name: np.array(rows, np.int32) for name, rows in inputs_of_ids(ids).items()}
    return version.predict(IDS, inputs)["probabilities"]
