"""Turns a version's answers into checks, without asking anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentiment.client.answer import IDS, TEXT, TITLED
from sentiment.export.parity import SAME, Probabilities, Tolerance, differing
from sentiment.language import marked, tr
from sentiment.results.validation import ExportCheck
from sentiment.tensorflow_setup import tf

# A last digit of float32 that depends on the batch may put a number on the other side of where it is rounded.
ROUNDED_APART = 0.01
SUM_TOLERANCE = 1e-3  # of a row's probabilities: float32 sums are off by 1e-7, half floats by 5e-4
QUOTED = 24  # characters of a post in a sentence
NAMES = {
    "input": marked("the inputs of {signature} must be {names}; found {found}"),
    "output": marked("the outputs of {signature} must be {names}; found {found}"),
}
TYPES = {
    "input": marked("{name} of the inputs of {signature} must be {wanted}; found {found}"),
    "output": marked("{name} of the outputs of {signature} must be {wanted}; found {found}"),
}
Spec = tuple[str, int]  # a tensor's type and its number of dimensions


def expected_signatures(titled: bool = False) -> dict[str, tuple[dict[str, Spec], dict[str, Spec]]]:
    """Returns, by signature, the inputs and the outputs: type and number of dimensions (the first is the batch).

    A model that was trained with titles has one more.
    """
    ids = dict.fromkeys(("input_ids", "input_mask", "segment_ids"), ("int32", 2))
    probabilities = {"probabilities": ("float32", 2)}
    named = {**probabilities, "label": ("string", 1), "label_id": ("int32", 1)}
    text = {"text": ("string", 1)}
    found = {IDS: (ids, probabilities), TEXT: (text, named)}
    return found | {TITLED: ({"title": ("string", 1), **text}, named)} if titled else found


def signatures(found: Mapping[str, Any], labels: int, titled: bool = False) -> ExportCheck:
    """Checks names, types and shapes of the signatures; `found`: SignatureDef by name."""
    problems: list[str] = []
    for name, (inputs, outputs) in expected_signatures(titled).items():
        if name not in found:
            there = ", ".join(sorted(set(found) - {"__saved_model_init_op"})) or "none"
            problems.append(tr("it has no signature {name}, only {found}", name=repr(name), found=there))
            continue
        for kind, wanted in (("input", inputs), ("output", outputs)):
            problems += _tensor_problems(kind, name, wanted, getattr(found[name], f"{kind}s"), labels)
    right = tr("both signatures have the names, types and shapes that clients use")
    if titled:
        right = tr("all three signatures have the names, types and shapes that clients use")
    said = "; ".join(problems) or right
    return ExportCheck("signatures", not problems, None, None, said)


def _tensor_problems(
    of: str, signature: str, wanted: Mapping[str, Spec], found: Mapping[str, Any], labels: int
) -> list[str]:
    if set(wanted) != set(found):
        names, there = ", ".join(sorted(wanted)), ", ".join(sorted(found)) or "none"
        return [tr(NAMES[of], signature=repr(signature), names=names, found=there)]
    problems = []
    for name, (kind, dimensions) in wanted.items():
        shape = [dim.size for dim in found[name].tensor_shape.dim]
        kind_found = tf.dtypes.as_dtype(found[name].dtype).name
        width_fits = name != "probabilities" or shape[-1:] in ([labels], [-1])
        if kind_found != kind or len(shape) != dimensions or shape[0] != -1 or not width_fits:
            asked = ["any", labels if name == "probabilities" else "any"][:dimensions]
            told = ["any" if size == -1 else size for size in shape]
            problems.append(
                tr(
                    TYPES[of],
                    name=name,
                    signature=repr(signature),
                    wanted=f"{kind} [{_listed(asked)}]",
                    found=f"{kind_found} [{_listed(told)}]",
                )
            )
    return problems


def _listed(sizes: Sequence[object]) -> str:
    return ", ".join(map(str, sizes))


def same_as_trained(
    signature: str, wanted: Probabilities, found: Probabilities, texts: Sequence[bytes], tolerance: Tolerance = SAME
) -> ExportCheck:
    """Checks the probabilities [rows, labels] of one signature against the trained model's."""
    name = f"parity of {signature}"
    if found.shape != wanted.shape:
        said = tr("{name} must answer {wanted}; found {found}", name=signature, wanted=wanted.shape, found=found.shape)
        return ExportCheck(name, False, None, None, said)
    apart = differing(wanted, found, tolerance)
    share_apart = len(apart) / len(wanted)
    largest = float(np.abs(found - wanted).max()) if np.isfinite(found).all() else float("inf")
    if len(apart) and share_apart > 1 - tolerance.agreement:
        first = min(apart.tolist())
        return ExportCheck(
            name,
            False,
            largest,
            tolerance.difference,
            tr(
                "{name}: probabilities differ by {difference:.2g} from the trained model's in {differing} of {posts}"
                " posts, first: 「{post}」",
                name=signature,
                difference=largest,
                differing=len(apart),
                posts=len(wanted),
                post=quoted(texts[first]),
            ),
        )
    said = tr(
        "{name} answers {posts} posts as the trained model does (largest difference {difference:.1g})",
        name=signature,
        posts=len(wanted),
        difference=largest,
    )
    return ExportCheck(name, True, largest, tolerance.difference, said)


def probabilities(found: NDArray[Any]) -> ExportCheck:
    """Checks that every row [rows, labels] is finite, not negative, and sums to 1."""
    number = np.isfinite(found).all(axis=1)
    bad = int((~number).sum() + (found[number] < 0).any(axis=1).sum())
    off = float(np.abs(found[number].sum(axis=1) - 1).max(initial=0.0))
    if bad:
        said = tr("{bad} of {answers} answers hold values that are not probabilities", bad=bad, answers=len(found))
    else:
        said = tr("the probabilities of {answers} answers sum to 1, within {off:.1g}", answers=len(found), off=off)
    return ExportCheck("probabilities", not bad and off <= SUM_TOLERANCE, None, SUM_TOLERANCE, said)


def label_names(names: Sequence[str], ids: NDArray[Any], rows: Probabilities, labels: Sequence[str]) -> ExportCheck:
    """Checks that `label` and `label_id` belong to the largest probability, with the trained model's names."""
    largest = rows.argmax(axis=1)
    wrong_id = np.flatnonzero(ids != largest)
    if len(wrong_id):
        row = int(wrong_id[0])
        said = tr(
            "label_id must belong to the largest probability; found {found} instead of {largest}",
            found=ids[row],
            largest=largest[row],
        )
        return ExportCheck("labels", False, None, None, said)
    for name, number in zip(names, ids.tolist(), strict=True):
        if name != labels[number]:
            said = tr(
                "label {number} must be called {label}; it answers {name}",
                number=number,
                label=labels[number],
                name=name,
            )
            return ExportCheck("labels", False, None, None, said)
    seen = ", ".join(labels[number] for number in sorted(set(ids.tolist())))
    said = tr("labels have the trained model's ids and names (seen: {quoted})", quoted=seen)
    return ExportCheck("labels", True, None, None, said)


def close(name: str, sentence: str, one: NDArray[Any], other: NDArray[Any], tolerance: Tolerance = SAME) -> ExportCheck:
    """Checks that the same posts get the same probabilities when they are asked in two ways.

    The sentence says of which ways, and by how much they differ.
    """
    difference = float(np.abs(one - other).max(initial=0.0)) if one.shape == other.shape else float("inf")
    limit = ROUNDED_APART if tolerance.difference is None else tolerance.difference
    passed = difference <= limit
    return ExportCheck(name, passed, None if passed else difference, limit, tr(sentence, difference=difference))


def quoted(text: bytes) -> str:
    """Returns a post's beginning, on one line and without unprintable characters."""
    line = "".join(character if character.isprintable() else " " for character in text.decode("utf-8", "replace"))
    line = " ".join(line.split())
    return line if len(line) <= QUOTED else f"{line[:QUOTED]}…"


def limited(name: str, value: float, limit: float | None, sentence: str) -> ExportCheck:
    """Returns the check that `value` is not above `limit`, if there is one; the sentence names it as its {aside}."""
    aside = "" if limit is None else tr(" (at most {limit:g})", limit=limit)
    return ExportCheck(name, limit is None or value <= limit, value, limit, tr(sentence, value=value, aside=aside))


def verdict(checks: Sequence[ExportCheck]) -> str:
    """Returns one sentence: every check that failed, or the values that matter to a customer."""
    failed = [check.sentence for check in checks if not check.passed]
    if failed:
        return tr("It must not be served: {found}.", found="; ".join(sentence.rstrip(".") for sentence in failed))
    measured = "; ".join(check.sentence.rstrip(".") for check in checks if check.value is not None)
    return tr("It may be served: {found}.", found=measured)
