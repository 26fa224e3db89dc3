"""Prodigy's `db-out`: a line an answer.

textcat, classification: {"text": …, "label": "正面", "answer": "accept", "_input_hash": 11, "_task_hash": 12}
choice:                  {"text": …, "options": [{"id": 1, "text": "正面"}], "accept": [1], "answer": "accept", …}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentiment.data.formats.item import Item, scalar
from sentiment.labels import Labels

TOOL = "Prodigy"
HASHES = ("_input_hash", "_task_hash")
WITHOUT_ANSWER = "without the annotator's answer"


def is_answer(value: Mapping[str, Any]) -> bool:
    """Tells whether an object is one of Prodigy's: answered, or at least a task of its own."""
    return value.get("answer") in ("accept", "reject", "ignore") or any(name in value for name in HASHES)


def item_of(value: Mapping[str, Any], labels: Labels) -> Item:
    """Returns what was answered: only an accepted answer states a label."""
    answer = value.get("answer")
    error = "" if answer == "accept" else f"not accepted by the annotator: {scalar(answer)[:20]}"
    if not scalar(answer):
        error = WITHOUT_ANSWER
    label = _chosen(value, labels) if isinstance(value.get("accept"), list) else value.get("label")
    return Item(
        TOOL,
        value,
        ({"label": label},),
        _task(value),
        error,
        against=answer == "reject" and not isinstance(value.get("accept"), list),
    )


def _task(value: Mapping[str, Any]) -> str:
    """Returns what two answers to the same have in common; Prodigy's hash is of the text, whatever its title."""
    task, title = scalar(value.get("_input_hash")), scalar(value.get("title")).strip()
    return f"{task} {title}" if task and title else task


def _chosen(value: Mapping[str, Any], labels: Labels) -> list[Any]:
    """Returns the labels of the accepted options: an option's number is the recipe's own, its text is the label."""
    options = value.get("options")
    texts = {
        scalar(option.get("id")): scalar(option.get("text"))
        for option in (options if isinstance(options, list) else ())
        if isinstance(option, dict)
    }
    chosen = []
    for accepted in value["accept"]:
        stated = scalar(accepted)
        text = texts.get(stated, "")
        own = stated.isdigit() and labels.parse(text) is None
        chosen.append(text or f"option {stated}" if own else text if labels.parse(text) is not None else accepted)
    return chosen
