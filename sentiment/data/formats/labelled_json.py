"""Reads one JSON value as a row: with our own keys, or as Label Studio and doccano export it.

Label Studio, JSON:     {"data": {"text": …}, "annotations": [{"result": [{"value": {"choices": ["正面"]}}]}]}
Label Studio, JSON_MIN: {"text": …, "sentiment": "正面"}  (the key is the name of the control in the template)
doccano:                {"text": …, "label": ["正面"]}    (older: "data" for the text, "annotations": [{"label": 1}])
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sentiment.data.formats.record import Columns, Record, known_names
from sentiment.labels import Labels

DEEPEST = 100  # levels of nesting; a labelling tool's export has about eight
Error = str
TYPE_NAMES = {dict: "an object", list: "a list", bool: "true or false", int: "a number", float: "a number"}


def record_of(number: int, raw: str, labels: Labels) -> Record:
    """Returns the row in the JSON text `raw`: its columns, or why there are none."""
    if raw.count("[") + raw.count("{") > DEEPEST and _depth(raw) > DEEPEST:
        return Record(number, raw, error="JSON nested too deeply")
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):  # ValueError is also raised for a number of 5,000 digits
        return Record(number, raw, error="not JSON")
    return record_of_value(number, raw, value, labels)


def record_of_value(number: int, raw: str, value: Any, labels: Labels) -> Record:
    """Returns the row in a JSON value that is already parsed."""
    if not isinstance(value, dict):
        return Record(number, raw, error=f"not a JSON object but {_kind(value)}")
    task = value.get("data")
    if isinstance(task, dict):
        names, error, label = known_names(task), "", ""
        fields = task
        label, error = _label_studio(value, labels)
    else:
        names, fields = known_names(value), value
        if "label" in names:
            label, error = one_label(value[names["label"]])
        elif isinstance(value.get("annotations"), list):
            given = [item.get("label") for item in value["annotations"] if isinstance(item, dict)]
            label, error = one_label(given)
        else:
            label, error = "", "no label"
    text, title, source = (fields.get(names.get(name, "")) for name in ("text", "title", "source"))
    if not isinstance(text, str):
        wrong = "no text" if text is None else f"text is {_kind(text)}"
        text, error = "", wrong
    return Record(number, raw, Columns(text, label, _scalar(title), _scalar(source)), error)


def one_label(value: Any) -> tuple[str, Error]:
    """Returns the only label in `value` (a scalar, a list of them, or Label Studio's choices), or why there is none."""
    if isinstance(value, dict) and isinstance(value.get("choices"), list):
        value = value["choices"]
    given = value if isinstance(value, list) else [value]
    if any(isinstance(item, (dict, list)) for item in given):
        return "", "label is not a single word"
    found = list(dict.fromkeys(text for text in map(_scalar, given) if text.strip()))
    if len(found) > 1:
        return ", ".join(found)[:200], "more than one label"
    return (found[0], "") if found else ("", "no label")


def _label_studio(task: dict[str, Any], labels: Labels) -> tuple[str, Error]:
    """Returns the label that a task's annotators agree on; annotations marked as ground truth take precedence."""
    listed = task.get("annotations", task.get("completions"))
    annotations = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    whole = [item for item in annotations if not item.get("was_cancelled")]
    deciding = [item for item in whole if item.get("ground_truth") is True] or whole
    given = [answer for answer in (list(_choices(item)) for item in deciding) if answer]
    if not given:
        return "", "no label"
    found, error = set(), ""
    for answer in given:
        label, error = _of_one_annotator(answer, labels)
        if error:
            return label, error
        found.add(label)
    if len({labels.parse(label) for label in found}) > 1:
        return ", ".join(sorted(found))[:200], "annotators disagree"
    return min(found), ""


def _choices(annotation: dict[str, Any]) -> Iterator[list[Any]]:
    """Yields what was chosen in every control of an annotation."""
    results = annotation.get("result")
    for result in results if isinstance(results, list) else ():
        value = result.get("value") if isinstance(result, dict) else None
        if isinstance(value, dict) and isinstance(value.get("choices"), list):
            yield value["choices"]


def _of_one_annotator(answer: list[list[Any]], labels: Labels) -> tuple[str, Error]:
    """Returns the label among an annotator's answers; ignores answers to questions whose choices are not labels."""
    ours = [chosen for chosen in answer if any(labels.parse(_scalar(item)) is not None for item in chosen)]
    return one_label([item for chosen in ours or answer for item in chosen])


def _scalar(value: Any) -> str:
    """Returns a JSON scalar as text. 1.0 becomes 1: pandas writes whole numbers so where a column has gaps."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if value is None or value != value or isinstance(value, (dict, list)):  # NaN counts as nothing, too
        return ""
    return str(value)


def _kind(value: Any) -> str:
    return TYPE_NAMES.get(type(value), "a string" if isinstance(value, str) else "null")


def _depth(raw: str) -> int:
    """Returns an upper bound of the nesting depth: brackets within strings count, too."""
    depth = deepest = 0
    for character in raw:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
