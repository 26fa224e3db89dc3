"""What a teacher says of posts that nobody labelled: a training's rows behind those that people labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sentiment.data.tsv import Post
from sentiment.model.soft import Floats, Soft, soft_rows
from sentiment.results.model_card import Teaching


@dataclass(frozen=True)
class Taught:
    """Posts with the label that a teacher holds for likeliest, and its `probabilities` [posts, labels] of all labels.

    `made_of` names the teacher and the posts: equal ones have equal answers.
    """

    posts: Sequence[Post]
    probabilities: Floats
    made_of: str
    teaching: Teaching

    @property
    def identity(self) -> dict[str, Any]:
        """What of it decides a training's outcome, wherever teacher and corpus are kept."""
        names = ("posts", "temperature", "labelled_weight")
        return {"made_of": self.made_of, **{name: getattr(self.teaching, name) for name in names}}

    def behind(self, labelled: Sequence[Post]) -> Soft:
        """Returns what the `labelled` rows are to be answered with, and then these posts."""
        weight, temperature = self.teaching.labelled_weight, self.teaching.temperature
        return soft_rows([post.label for post in labelled], weight, self.probabilities, temperature)
