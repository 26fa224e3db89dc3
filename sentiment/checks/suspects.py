"""Finds posts whose label looks wrong: a linear classifier that never saw them is sure of another one.

The method is confident learning (Northcutt, Jiang and Chuang, "Confident Learning", 2021), as cleanlab implements it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentiment.checks.texts import MOST_EXAMPLES
from sentiment.checks.verdict import Measured
from sentiment.data.tsv import Post
from sentiment.labels import Labels
from sentiment.language import marked, tr
from sentiment.report.baseline import fit_and_answer

FOLDS = 5
MOST_ROWS = 10_000  # new and old together: five trainings of the linear classifier take half a minute
FEWEST_OF_A_LABEL = 20
SEED = 13
TITLE = marked("New posts whose label looks wrong")


@dataclass(frozen=True)
class Suspect:
    """A new post, the label that looks right instead, and how sure that is (0 to 1)."""

    post: Post
    likely: int
    chance: float


def suspects(new: Sequence[Post], seen: Sequence[Post], labels: Labels) -> tuple[Measured, list[Suspect]]:
    """Returns the share of `new` with a suspicious label, and those posts, the clearest first.

    Posts that were `seen` before help to decide; they themselves are not suspected.
    """
    asked = list(new[:MOST_ROWS])
    rows = asked + list(seen[: MOST_ROWS - len(asked)])
    if not asked or not are_enough(rows, labels):
        return Measured("suspects", TITLE, None, too_few()), []
    found = _suspected(rows, out_of_fold(rows, len(labels)), len(asked))
    examples = [f"{labels.names[s.post.label]}, likely {labels.names[s.likely]}: {s.post.text}" for s in found]
    return Measured("suspects", TITLE, len(found) / len(asked), examples=examples[: 2 * MOST_EXAMPLES]), found


def too_few() -> str:
    """Returns why nothing can be found in so few posts."""
    return tr("it needs {posts} posts of every label", posts=FEWEST_OF_A_LABEL)


def are_enough(rows: Sequence[Post], labels: Labels) -> bool:
    """Tells whether there are enough rows of each label to learn from."""
    counts = Counter(post.label for post in rows)
    return min(counts[label] for label in range(len(labels))) >= FEWEST_OF_A_LABEL


def out_of_fold(rows: Sequence[Post], labels: int) -> NDArray[np.float64]:
    """Returns for each row the probabilities [rows, labels] of a linear classifier that was trained without it."""
    from sklearn.model_selection import StratifiedKFold

    answers = np.zeros((len(rows), labels))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for train, test in folds.split(np.zeros(len(rows)), [post.label for post in rows]):
        answers[test] = fit_and_answer([rows[row] for row in train], [rows[row] for row in test], labels)[0]
    return answers


def look_wrong(rows: Sequence[Post], answers: NDArray[np.float64]) -> list[int]:
    """Returns the places of the rows whose label looks wrong, the clearest first."""
    from cleanlab.filter import find_label_issues

    given = np.array([post.label for post in rows])
    ranked = find_label_issues(given, answers, return_indices_ranked_by="self_confidence", n_jobs=1)
    return [row for row in ranked.tolist() if answers[row].argmax() != given[row]]


def _suspected(rows: Sequence[Post], answers: NDArray[np.float64], new: int) -> list[Suspect]:
    return [
        Suspect(rows[row], int(answers[row].argmax()), round(float(answers[row].max()), 4))
        for row in look_wrong(rows, answers)
        if row < new
    ]


def label_studio_tasks(found: Sequence[Suspect], labels: Labels) -> list[dict[str, Any]]:
    """Returns tasks as Label Studio imports them: the text, its delivered label, and the likely label as prediction.

    Its labelling configuration needs a Text called `text` and Choices called `label`.
    """
    return [
        {
            "data": {
                "text": suspect.post.text,
                "title": suspect.post.title,
                "source": suspect.post.source,
                "delivered_label": labels.names[suspect.post.label],
            },
            "predictions": [
                {
                    "model_version": "linear classifier, out of fold",
                    "score": suspect.chance,
                    "result": [
                        {
                            "from_name": "label",
                            "to_name": "text",
                            "type": "choices",
                            "value": {"choices": [labels.names[suspect.likely]]},
                        }
                    ],
                }
            ],
        }
        for suspect in found
    ]
