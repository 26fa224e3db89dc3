"""Are an export's rounded numbers good enough? The gate's own test of export and trained model, on labelled posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentiment.data.tsv import Post
from sentiment.results.export import Changed
from sentiment.statistics import paired

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sentiment.model.folder import OpenedModel


@dataclass(frozen=True)
class Rounded:
    """What an export with rounded numbers is tried on, and how far its accuracy may fall at worst, as a share."""

    posts: Sequence[Post]
    margin: float


def changed(opened: OpenedModel, export: Path, rounded: Rounded) -> Changed:
    """Returns how the export in a folder answers the posts, beside the model that it was made from.

    Raises: ParityError when it may be less right than the margin allows.
    """
    import numpy as np

    from sentiment.export.parity import ParityError, answers
    from sentiment.model.batches import encode
    from sentiment.model.scoring import Scorer
    from sentiment.tensorflow_setup import tf

    encoded, longest = encode(opened.tokenizer, rounded.posts), opened.card.max_seq_length
    trained = Scorer(opened.keras, longest, exact=True).probabilities(encoded, "int8").argmax(axis=1)
    ask = tf.saved_model.load(str(export)).signatures["serving_default"]
    exported = answers(lambda inputs: ask(**inputs)["probabilities"], encoded, longest).argmax(axis=1)
    found = judged(np.array([post.label for post in rounded.posts]), trained, exported, rounded.margin)
    if found.lower_bound <= -found.margin:
        raise ParityError(
            f"the 8-bit export must be less right than the trained model by less than the gate's margin,"
            f" {found.margin:.1%}; found up to {-found.lower_bound:.1%}: of {found.rows:,} labelled posts it answers"
            f" {found.changed:,} otherwise, {found.only_trained:,} of them wrongly where the model is right and"
            f" {found.only_exported:,} the other way round. Try it on more posts, or export without --int8."
        )
    return found


def judged(true: NDArray[Any], trained: NDArray[Any], exported: NDArray[Any], margin: float) -> Changed:
    """Returns what the labels of the same posts [rows] say. Pure."""
    only_exported = int(((exported == true) & (trained != true)).sum())
    only_trained = int(((exported != true) & (trained == true)).sum())
    return Changed(
        rows=len(true),
        changed=int((exported != trained).sum()),
        only_exported=only_exported,
        only_trained=only_trained,
        lower_bound=paired.lower_bound(only_exported, only_trained, len(true)),
        margin=margin,
    )
