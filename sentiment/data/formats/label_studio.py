"""Label Studio's exports, of version 0.7 to today.

JSON:            {"id": 3, "data": {"text": …}, "annotations": [{"result": [{"from_name": "sentiment", "value":
                 {"choices": ["正面"]}}], "was_cancelled": false, …}], "predictions": […], "drafts": […]}
                 (up to 1.0 `completions` for `annotations`, with `skipped`)
JSON_MIN, CSV:   the task's own fields, `id`, an answer for each control, `annotator`, `annotation_id`, `lead_time` …;
                 a row is one annotation. Since 1.8 the columns of CSV are in the order of the alphabet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sentiment.data.formats.item import PART, Answers, Item, scalar
from sentiment.data.formats.record import LABEL_NAMES, TEXT_NAMES, by_cleaned_name, text_names

TOOL = "Label Studio"
SKIPPED = "skipped by the annotator"
REJECTED = "rejected by the reviewer"
TASKS_OWN = "the label may be the imported task's own: deliver Label Studio's JSON"
REGION = frozenset({"start", "end", "startOffset", "endOffset", "x", "y"})
BOOKKEEPING = frozenset({"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"}) | {
    "history",
    "completed_by",
    "project",
    "was_cancelled",
    "ground_truth",
}


def is_task(value: Mapping[str, Any]) -> bool:
    """Tells whether a JSON object is a task with its annotations."""
    return isinstance(value.get("data"), dict)


def is_annotation(names: Iterable[str]) -> bool:
    """Tells whether a row with these names is one of JSON_MIN, CSV or TSV."""
    found = set(names)
    return "annotation_id" in found or {"annotator", "lead_time"} <= found


def item_of_task(task: Mapping[str, Any]) -> Item:
    """Returns a task with the answers of the annotators who count: if any is ground truth, only of those."""
    if "annotations" not in task and "completions" not in task and isinstance(task.get("result"), list):
        listed: Any = [task]  # 0.7 wrote one annotation a file
    else:
        listed = task.get("annotations", task.get("completions"))
    annotations = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    made = [item for item in annotations if not (item.get("was_cancelled") or item.get("skipped"))]
    kept = [item for item in made if not _is_rejected(item)]
    error = SKIPPED if annotations and not made else REJECTED if made and not kept else ""
    deciding = [item for item in kept if item.get("ground_truth") is True] or kept
    others = {name for name in map(str, task["data"]) if name.strip().lower() not in TEXT_NAMES}
    answers = tuple(found for found in (_answers(item, others) for item in deciding) if found)
    if not answers and any(_is_of_part(result) for item in deciding for result in _results(item)):
        error = error or PART
    return Item(TOOL, task["data"], answers, error=error)


def _is_rejected(annotation: Mapping[str, Any]) -> bool:
    """Tells whether the newest review of an annotation (Label Studio Enterprise) did not accept it."""
    reviews = annotation.get("reviews")
    found = [item for item in reviews if isinstance(item, dict)] if isinstance(reviews, list) else []
    newest = max(found, key=lambda item: str(item.get("created_at", "")), default={})
    return newest.get("accepted") is False


def _results(annotation: Mapping[str, Any]) -> list[dict[str, Any]]:
    results = annotation.get("result")
    return [item for item in results if isinstance(item, dict)] if isinstance(results, list) else []


def _is_of_part(result: Mapping[str, Any]) -> bool:
    """Tells whether an answer is about a region of the task, and not the whole of it."""
    value = result.get("value")
    return isinstance(value, dict) and "choices" in value and not value.keys().isdisjoint(REGION)


def _answers(annotation: Mapping[str, Any], others: Collection[str]) -> Answers:
    """Returns what was chosen in every control of an annotation about the text; `others` are the task's other fields.

    `to_name` is the name of an element of the template, which is often that of the field that it shows.
    """
    answers: dict[str, list[Any]] = {}
    for result in _results(annotation):
        value, shown_in = result.get("value"), result.get("to_name")
        if _is_of_part(result) or (isinstance(shown_in, str) and shown_in in others):
            continue
        if isinstance(value, dict) and isinstance(value.get("choices"), list):
            answers.setdefault(scalar(result.get("from_name")), []).extend(value["choices"])
    return answers


def item_of_annotation(row: Mapping[str, Any]) -> Item:
    """Returns a row of JSON_MIN, CSV or TSV. Where they are in the order of writing, the task's fields precede `id`."""
    cleaned = by_cleaned_name(row)
    order = {name: place for place, name in enumerate(cleaned)}
    texts = text_names(cleaned)
    own = {name.strip().lower() for name in texts.values()}
    begins = order.get("id", -1)
    ordered = 0 <= begins < min(order.get("annotator", -1), order.get("annotation_id", 1 << 30)) and all(
        order[name] < begins for name in own
    )
    answers = {
        name: row[name]
        for key, names in cleaned.items()
        for name in names
        if key not in BOOKKEEPING and key not in own and not key.startswith("_data_")
        if not ordered or order[key] > begins
    }
    error = TASKS_OWN if ordered and not answers and any(name in order for name in LABEL_NAMES) else ""
    task = scalar(row.get(cleaned["id"][0])) if "id" in cleaned else ""
    return Item(TOOL, row, (answers,), task, error, known=ordered)
