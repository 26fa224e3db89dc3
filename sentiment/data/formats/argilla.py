"""Argilla's exports of records. Suggestions (and, before 2.0, predictions) are a model's, and never labels.

2.x, `to_json`:          {"id": …, "status": "completed", "fields": {"text": …}, "responses": {"sentiment": [{"value":
                         "正面", "user_id": "…", "status": "submitted"}]}, "suggestions": {…}}
2.x, flat (`to_list(flatten=True)`, tables made of it): `text`, `sentiment.responses`, `sentiment.responses.users`,
                         `sentiment.responses.status`, `sentiment.suggestion`
1.x, FeedbackDataset:    {"fields": {"text": …}, "responses": [{"user_id": …, "status": "submitted", "values":
                         {"sentiment": {"value": "正面"}}}]}
1.x, text classification: {"text": …, "annotation": "正面", "annotation_agent": …, "prediction": …,
                         "status": "Validated"}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sentiment.data.formats.item import Item, scalar

TOOL = "Argilla"
RESPONSES = ".responses"
NOT_SUBMITTED = "no response was submitted"


def is_record(value: Mapping[str, Any]) -> bool:
    """Tells whether an object is one of Argilla's records."""
    fields, responses = value.get("fields"), value.get("responses")
    if isinstance(fields, dict) and (isinstance(responses, (dict, list)) or "suggestions" in value):
        return True
    return is_flat(value) or {"annotation", "annotation_agent"} <= value.keys()


def is_flat(names: Iterable[str]) -> bool:
    """Tells whether a row with these names is a flat record."""
    return any(name.endswith((RESPONSES, ".suggestion")) for name in names)


def item_of(value: Mapping[str, Any]) -> Item:
    """Returns a record with the submitted responses, one for each annotator."""
    if isinstance(value.get("fields"), dict):
        found = list(_nested(value.get("responses"), scalar(value.get("status"))))
        fields = value["fields"]
    elif is_flat(value):
        found, fields = list(_flat(value)), value
    else:
        submitted = scalar(value.get("status")).lower() == "validated"
        found, fields = [({"annotation": value.get("annotation")}, submitted)], value
    answers = tuple(answer for answer, submitted in found if submitted)
    return Item(TOOL, fields, answers, error=NOT_SUBMITTED if found and not answers else "")


def _nested(responses: Any, record_status: str) -> Iterable[tuple[dict[str, Any], bool]]:
    if isinstance(responses, dict):
        for question, given in responses.items():
            for response in given if isinstance(given, list) else ():
                if isinstance(response, dict):
                    status = _status(response.get("status")) or ("submitted" if record_status == "completed" else "")
                    yield {question: response.get("value")}, status == "submitted"
    for response in responses if isinstance(responses, list) else ():
        values = response.get("values") if isinstance(response, dict) else None
        if isinstance(values, dict):
            answers = {name: part.get("value") if isinstance(part, dict) else part for name, part in values.items()}
            yield answers, _status(response.get("status")) == "submitted"


def _flat(value: Mapping[str, Any]) -> Iterable[tuple[dict[str, Any], bool]]:
    for name in value:
        if not name.endswith(RESPONSES):
            continue
        given, statuses = _listed(value[name]), _listed(value.get(f"{name}.status"))
        for place, stated in enumerate(given):
            status = _status(statuses[place]) if place < len(statuses) else ""
            yield {name.removesuffix(RESPONSES): stated}, status == "submitted"


def _status(value: Any) -> str:
    return scalar(value).lower().rpartition(".")[2]  # a table may hold Python's `ResponseStatus.submitted`


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if scalar(value) == "" else [value]
