"""JSON rows: our own keys, and the exports of Label Studio and doccano."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data.formats.doccano import OWN_NUMBERS
from sentiment.data.formats.labelled import item_of, record_of_item
from sentiment.data.formats.labelled_json import object_of
from sentiment.data.formats.record import Columns
from sentiment.data.formats.survey import Survey
from sentiment.labels import Labels

LABELS = Labels()


def read(value: Any) -> tuple[Columns, str]:
    raw = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    found, error = object_of(raw)
    if error:
        return Columns(), error
    record = record_of_item(1, raw, item_of(found, LABELS), Survey(LABELS, ""), LABELS)
    return record.columns, record.error


def chosen(*choices: str, control: str = "sentiment") -> dict[str, Any]:
    value = {"value": {"choices": list(choices)}, "from_name": control, "to_name": "text", "type": "choices"}
    return {"id": 7, "from_name": control, **value}


def annotation(*results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 1, "completed_by": 1, "was_cancelled": False, "ground_truth": False, "result": list(results), **more}


def task(*annotations: dict[str, Any], **data: Any) -> dict[str, Any]:
    data = {"text": "好吃", **data}
    return {"id": 3, "data": data, "annotations": list(annotations), "predictions": [], "meta": {}, "project": 1}


GOOD = Columns("好吃", "正面")


@pytest.mark.parametrize(
    ("value", "columns"),
    [
        ({"text": "好吃", "label": "正面"}, GOOD),
        ({"Text": "好吃", " LABEL ": "正面", "Title": "火鍋", "source": "PTT"}, Columns("好吃", "正面", "火鍋", "PTT")),
        ({"text": "好吃", "label": 0}, Columns("好吃", "0")),
        ({"text": "好吃", "label": 1.0, "title": None, "source": 12}, Columns("好吃", "1", "", "12")),
        ('{"text": "好吃", "label": "正面", "score": NaN, "other": 1e999}', GOOD),
        # doccano
        ({"id": 1, "text": "好吃", "label": ["正面"], "Comments": []}, GOOD),
        ({"id": 1, "data": "好吃", "label": ["正面"]}, GOOD),
        ({"id": 1, "text": "好吃", "annotations": [{"label": "正面", "user": 1}], "meta": {}}, GOOD),
        ({"id": 1, "text": "好吃", "labels": ["正面"], "meta": {}, "annotation_approver": None}, GOOD),
        ({"id": 1, "text": "好吃", "cats": ["正面"], "entities": []}, GOOD),
        # Label Studio, JSON_MIN
        ({"text": "好吃", "id": 1, "sentiment": "正面", "annotator": 1, "annotation_id": 2, "lead_time": 1.5}, GOOD),
        ({"text": "好吃", "sentiment": {"choices": ["正面"]}}, GOOD),
        # Label Studio, JSON
        (task(annotation(chosen("正面"))), GOOD),
        (task(annotation(chosen("正面")), title="火鍋", source="PTT"), Columns("好吃", "正面", "火鍋", "PTT")),
        (task(annotation(chosen("正面")), annotation(chosen("正面"))), GOOD),
        (task(annotation(chosen("正面")), annotation(chosen("負面"), was_cancelled=True)), GOOD),
        (task(annotation(chosen("負面")), annotation(chosen("正面"), ground_truth=True)), GOOD),
        (task(annotation(chosen("負面")), annotation(chosen("negative"))), Columns("好吃", "negative")),
        (task(annotation(chosen("正面"), chosen("美食", control="topic"))), GOOD),
        (task(annotation(chosen("正面"), {"type": "textarea", "value": {"text": ["備註"]}})), GOOD),
    ],
)
def test_a_row_with_one_label_is_read(value: Any, columns: Columns) -> None:
    assert read(value) == (columns, "")


@pytest.mark.parametrize(
    ("value", "error", "label"),
    [
        ({"text": "好吃", "label": ["正面", "中立"]}, "more than one label", "正面, 中立"),
        ({"text": "好吃", "label": []}, "no label", ""),
        ({"text": "好吃", "label": None}, "no label", ""),
        ({"text": "好吃"}, "no label", ""),
        ('{"text": "好吃", "label": NaN}', "no label", ""),
        ({"text": "好吃", "label": [[0, 2, "FOOD"]]}, "label is not a single word", ""),
        ({"text": "好吃", "label": {"a": 1}}, "label is not a single word", ""),
        ({"text": "好吃", "annotations": [{"label": 1}, {"label": 2}]}, OWN_NUMBERS, ""),
        ({"text": "好吃", "annotations": [{"label": "正面"}, {"label": "負面"}]}, "annotators disagree", "正面, 負面"),
        (task(), "no label", ""),
        (task(annotation()), "no label", ""),
        (task(annotation(chosen("正面"), was_cancelled=True)), "skipped by the annotator", ""),
        (task(annotation(chosen("正面", "諷刺"))), "more than one label", "正面, 諷刺"),
        (task(annotation(chosen("正面")), annotation(chosen("負面"))), "annotators disagree", "正面, 負面"),
        ({"data": {"text": "好吃"}, "annotations": 5}, "no label", ""),
    ],
)
def test_what_cannot_be_one_label_has_a_reason_and_keeps_its_text(value: Any, error: str, label: str) -> None:
    assert read(value) == (Columns("好吃", label), error)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ("[1, 2]", "not a JSON object but a list"),
        ('"text"', "not a JSON object but a string"),
        ("null", "not a JSON object but null"),
        ("7", "not a JSON object but a number"),
        ("{'text': 1}", "not JSON"),
        ("", "not JSON"),
        ('{"text": "a", "label": 1' + "0" * 5_000 + "}", "not JSON"),
        ("[" * 100_000, "JSON nested too deeply"),
        ('{"a":' * 200 + "1" + "}" * 200, "JSON nested too deeply"),
        ('{"label": 0}', "no text"),
        ('{"text": 5, "label": 0}', "text is a number"),
        ('{"text": ["a"], "label": 0}', "text is a list"),
        ('{"text": {"a": "b"}, "label": 0}', "text is an object"),
        ('{"text": true, "label": 0}', "text is true or false"),
        ('{"data": {"image": "x.png"}, "annotations": []}', "no text"),
    ],
)
def test_what_is_no_row_has_a_reason(raw: str, error: str) -> None:
    assert read(raw)[1] == error


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "label", "data", "annotations", "result", "value", "choices"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_a_row_or_has_a_reason(value: Any) -> None:
    columns, error = read(json.dumps(value))
    assert all(isinstance(column, str) for column in columns)
    assert error or columns.text == value.get("text", columns.text)
