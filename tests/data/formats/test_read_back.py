"""Whatever posts the csv module, pandas, Label Studio and doccano write are read back exactly."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import settings as searching
from hypothesis import strategies as st

from sentiment.data.formats.recognise import read_file
from sentiment.labels import Labels

LABELS = Labels()
# A lone carriage return is no end of a line, but the csv module quotes it as one; NUL cannot be in a CSV at all.
CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"]) | st.sampled_from('",\t\n\\ 好0123')
FIRST = [("好吃的麵", 0)]  # a file of a few letters of another script may be in any encoding
POSTS = st.lists(
    st.tuples(st.text(CHARACTERS, min_size=1, max_size=30), st.integers(0, 2)), min_size=1, max_size=8
).map(lambda posts: FIRST + posts)
Posts = Sequence[tuple[str, int]]


def read(name: str, content: str) -> list[tuple[str, int | None]]:
    records = list(read_file(io.BytesIO(content.encode()), name, LABELS).records)
    assert [record.error for record in records] == [""] * len(records)
    return [(record.columns.text, LABELS.parse(record.columns.label)) for record in records]


def from_csv(posts: Posts, delimiter: str, quoting: int, line_end: str, label_first: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=line_end)  # type: ignore[arg-type]
    writer.writerows([("text", "label"), *posts] if not label_first else [("label", "text"), *(p[::-1] for p in posts)])
    return out.getvalue()


@given(POSTS, st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]), st.booleans())
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
@searching(max_examples=100)
def test_the_csv_modules(delimiter: str, line_end: str, posts: Posts, quoting: int, label_first: bool) -> None:
    # Python's module leaves it out of quotes, and then it is a part of the line's end.
    assume(line_end != "\n" or not label_first or not any(text.endswith("\r") for text, _ in posts))
    name = "a.csv" if delimiter == "," else "a.tsv"
    assert read(name, from_csv(posts, delimiter, quoting, line_end, label_first)) == list(posts)


@given(POSTS, st.booleans())
@searching(max_examples=100)
def test_pandas(posts: Posts, gaps: bool) -> None:
    frame = pd.DataFrame(posts, columns=["text", "label"])
    frame["label"] = frame["label"].astype(float if gaps else int)
    assert read("a.csv", frame.to_csv(index=False)) == list(posts)
    assert read("a.csv", frame.to_csv()) == list(posts)  # with an index, which has no name
    assert read("a.jsonl", frame.to_json(orient="records", lines=True)) == list(posts)
    assert read("a.json", frame.to_json(orient="records", force_ascii=False)) == list(posts)


def in_label_studio(number: int, text: str, label: int) -> dict[str, Any]:
    value = {"choices": [LABELS.names[label]]}
    result = [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": value}]
    return {"id": number, "data": {"text": text}, "annotations": [{"id": 1, "result": result}], "predictions": []}


@given(POSTS)
@searching(max_examples=100)
def test_label_studios_and_doccanos(posts: Posts) -> None:
    tasks = [in_label_studio(number, *post) for number, post in enumerate(posts)]
    assert read("a.json", json.dumps(tasks, ensure_ascii=False)) == list(posts)
    rows = [
        {"text": text, "id": number, "sentiment": LABELS.names[label], "annotator": 1, "annotation_id": number}
        for number, (text, label) in enumerate(posts)
    ]
    assert read("a.json", json.dumps(rows, indent=2)) == list(posts)
    assert read("a.csv", pd.DataFrame(rows).to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC)) == list(posts)
    lines = [{"id": 1, "text": text, "label": [LABELS.names[label]], "Comments": []} for text, label in posts]
    assert read("a.jsonl", "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)) == list(posts)
