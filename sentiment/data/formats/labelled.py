"""A value with names (a JSON object, a row of a table) as an item: whose export it is decides where its label is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentiment.data.formats import argilla, doccano, label_studio, prodigy
from sentiment.data.formats.item import Error, Item, kind_of, one_label, scalar
from sentiment.data.formats.record import Columns, Record, by_cleaned_name, label_names, text_names
from sentiment.data.formats.survey import Survey
from sentiment.data.tsv import whole_number
from sentiment.labels import Labels

TABLE = "a table"
DISAGREE = "annotators disagree"
# What tells a tool's names, or a field that might be the label beside another: without any, no survey is needed.
TELLING = (
    "annotations",
    "completions",
    "annotation_id",
    "annotator",
    "annotation",
    "answer",
    "_input_hash",
    "_task_hash",
    "fields",
    "labels",
    "sentiment",
    "choice",
    "cats",
)


def item_of(value: Mapping[str, Any], labels: Labels, label_field: str = "") -> Item:
    """Returns the item in `value`."""
    if label_studio.is_task(value):
        return label_studio.item_of_task(value)
    if argilla.is_record(value):
        return argilla.item_of(value)
    if prodigy.is_answer(value):
        return prodigy.item_of(value, labels)
    if doccano.has_keys(value):
        return doccano.item_of_document(value)
    cleaned = by_cleaned_name(value)
    if doccano.is_annotation(cleaned):
        return doccano.item_of_annotation(value)
    if label_studio.is_annotation(cleaned):
        return label_studio.item_of_annotation(value)
    answers = {name: value[name] for name in label_names(cleaned, label_field)}
    return Item(TABLE, value, (answers,) if answers else (), known=False)


def is_tools(names: Mapping[str, list[str]]) -> bool:
    """Tells whether a table with these (cleaned) names is the export of a tool."""
    return (
        doccano.is_annotation(names)
        or label_studio.is_annotation(names)
        or argilla.is_flat(names)
        or any(name in names for name in prodigy.HASHES)
        or {"annotation", "annotation_agent"} <= names.keys()
    )


def record_of_item(number: int, raw: str, item: Item, survey: Survey, labels: Labels) -> Record:
    """Returns the row of an item: its columns, and why it states no label that can be taken, if so."""
    columns = _columns(item.fields)
    label, error = _label(item, survey, labels)
    text = item.fields.get(text_names(by_cleaned_name(item.fields)).get("text", ""))
    if not isinstance(text, str):
        error = "no text" if text is None else f"text is {kind_of(text)}"
    if error and labels.parse(whole_number(label)) is not None:
        label = ""  # or else the row would be taken as it is when it comes back from quarantine
    return Record(number, raw, columns._replace(label=label), error)


def _columns(fields: Mapping[str, Any]) -> Columns:
    names = text_names(by_cleaned_name(fields))
    text, title, source = (fields.get(names.get(name, "")) for name in ("text", "title", "source"))
    return Columns(text if isinstance(text, str) else "", "", scalar(title), scalar(source))


def _label(item: Item, survey: Survey, labels: Labels) -> tuple[str, Error]:
    """Returns the label that the annotators agree on, or why there is none."""
    if item.error:
        return "", item.error
    if not any(item.answers):
        return "", "no label"
    name, doubt = survey.field_of(item)
    given = [answers[name] for answers in item.answers if name in answers]
    stated = [found for found in map(one_label, given) if found[1] != "no label"]
    if doubt or not stated:
        return "", doubt or "no label"
    for label, error in stated:
        if error:
            return label, error
    found = {label for label, _ in stated}
    meant = {labels.parse(whole_number(label)) for label in found}
    if len(meant) > 1 or (meant == {None} and len(found) > 1):
        return ", ".join(sorted(found))[:200], DISAGREE
    if survey.is_disputed(item):
        return "", DISAGREE
    return whole_number(min(found)), ""
