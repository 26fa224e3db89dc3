"""doccano's exports. Up to 1.2 they hold the label's primary key in its database, from 1.3 on its name.

1.3 and later:    {"id": 1, "text" (1.3 to 1.4: "data"): …, "label": ["正面"], "Comments": []}; CSV `id,text,label`
up to 1.2, JSONL: {"id": 1, "text": …, "annotations": [{"label": 4, "user": 1}], "annotation_approver": null, …}
up to 1.2, CSV:   annotation_approver,id,label,meta,text,user
up to 1.2, JSONL (Text label): {"id": 1, "text": …, "labels": ["正面"], …}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sentiment.data.formats.item import PART, Item, scalar
from sentiment.data.formats.record import by_cleaned_name
from sentiment.data.tsv import whole_number

TOOL = "doccano"
OWN_NUMBERS = 'the label is a number of doccano\'s own: deliver its form "JSONL(Text label)"'


def has_keys(value: Mapping[str, Any]) -> bool:
    """Tells whether a JSON object has annotations as doccano wrote them up to 1.2."""
    return isinstance(value.get("annotations"), list) and not isinstance(value.get("data"), dict)


def is_annotation(names: Iterable[str]) -> bool:
    """Tells whether a row with these names is one of the CSV up to 1.2: a row an annotation."""
    return {"annotation_approver", "label", "user"} <= set(names)


def item_of_document(document: Mapping[str, Any]) -> Item:
    """Returns a document; its annotations count only where they state names."""
    stated = [item.get("label") for item in document["annotations"] if isinstance(item, dict)]
    of_part = any(isinstance(item, dict) and "start_offset" in item for item in document["annotations"])
    error = PART if of_part else OWN_NUMBERS if any(_is_number(label) for label in stated) else ""
    return Item(TOOL, document, tuple({"label": label} for label in stated), error=error)


def item_of_annotation(row: Mapping[str, Any]) -> Item:
    """Returns a row of the CSV; its label counts only where it is a name."""
    cleaned = by_cleaned_name(row)
    label = row[cleaned["label"][0]]
    task = scalar(row[cleaned["id"][0]]) if "id" in cleaned else ""
    return Item(TOOL, row, ({"label": label},), task, OWN_NUMBERS if _is_number(label) else "")


def _is_number(label: Any) -> bool:
    return whole_number(scalar(label)).strip().lstrip("+-").isdigit()
