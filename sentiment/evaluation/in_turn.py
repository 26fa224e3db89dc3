"""Answers of models to the same sets of posts, batch by batch in turn: what slows the machine, slows them alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from msgspec import structs

from sentiment.data.tsv import Post
from sentiment.evaluation.comparing import Probabilities
from sentiment.model.batches import encode
from sentiment.model.folder import OpenedModel, open_model
from sentiment.results.cost import Costs, ModelCost
from sentiment.serving.change import now

if TYPE_CHECKING:
    from tqdm import tqdm

    from sentiment.model.scoring import Answered, Scorer

Sets = Mapping[str, Sequence[Post]]


class Scored(NamedTuple):
    """A model's probabilities for each set, float32 [rows, labels], and what it costs."""

    found: dict[str, Probabilities]
    cost: ModelCost


class Scoring(NamedTuple):
    """An open model, and what it has answered so far."""

    opened: OpenedModel
    scorer: Scorer
    found: dict[str, Probabilities]

    @property
    def result(self) -> Scored:
        return Scored(self.found, ModelCost(parameters=self.opened.card.parameters, pace=self.scorer.pace))


def score_in_turn(models: Mapping[str, Path], sets: Sets, line: tqdm[Any]) -> dict[str, Scored]:
    """Returns what each model answers to each set; advances `line`, which then names the sides and the set."""
    from sentiment.model.scoring import Scorer

    scoring: dict[str, Scoring] = {}
    for side, folder in models.items():
        opened = open_model(folder)
        # Exact: the gate decides on what will be served, and an export answers in float32.
        scorer = Scorer(opened.keras, opened.card.max_seq_length, exact=True)
        scoring[side] = Scoring(opened, scorer, {})
    for name, posts in sets.items():
        line.set_description_str(f"evaluate: {' and '.join(models)}, {name}", refresh=False)
        _answer(list(scoring.values()), name, posts, line)
    return {side: each.result for side, each in scoring.items()}


def score(side: str, folder: Path, sets: Sets, line: tqdm[Any]) -> Scored:
    """Returns the same of one model alone."""
    return score_in_turn({side: folder}, sets, line)[side]


def costs_of(scored: Mapping[str, Scored], export_bytes: int | None) -> Costs:
    """Returns what `candidate` and `stable` cost here and now; `export_bytes` is the size of what stable serves."""
    from sentiment.model.pace import this_machine

    stable = scored["stable"].cost if "stable" in scored else None
    return Costs(
        at=now(),
        machine=this_machine(),
        candidate=scored["candidate"].cost,
        stable=structs.replace(stable, export_bytes=export_bytes) if stable else None,
    )


def _answer(scoring: Sequence[Scoring], name: str, posts: Sequence[Post], line: tqdm[Any]) -> None:
    from sentiment.model.scoring import in_order

    if not posts:
        for each in scoring:
            each.found[name] = np.zeros((0, len(each.opened.card.labels)), np.float32)
        return
    batches = [each.scorer.batches(encode(each.opened.tokenizer, posts)) for each in scoring]
    parts: list[list[Answered]] = [[] for _ in scoring]
    for together in zip(*batches, strict=True):
        for part, answered in zip(parts, together, strict=True):
            part.append(answered)
            line.update(len(answered[0]))
    for each, part in zip(scoring, parts, strict=True):
        each.found[name] = in_order(part)
