"""Deliveries of honest people that were once taken otherwise than they were meant, without a word."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from sentiment.data.claims import CONTESTED, PLAIN
from sentiment.data.formats.item import PART
from sentiment.data.ingest import ingest
from sentiment.data.ledger import opened
from sentiment.data.quarantine import rows_of
from sentiment.settings import Settings

Deliver = Callable[[str, Any], Path]
Taken = tuple[dict[str, int], list[str]]


@pytest.fixture
def take(settings: Settings, deliver: Deliver) -> Callable[[str, Any], Taken]:
    """Delivers a file; returns the labels of the texts that are in the ledger, and why rows were refused."""

    def take_in(name: str, content: Any) -> Taken:
        deliver(name, content)
        found = ingest(settings.source_folder, settings)
        reasons = [
            row["reason"]
            for item in found.deliveries
            if item.quarantine_file
            for row in rows_of(Path(item.quarantine_file))
        ]
        with opened(settings.posts_database) as ledger:
            return {item.post.text: item.post.label for item in ledger.posts() if item.standing == PLAIN}, reasons

    return take_in


def test_a_typing_mistake_does_not_move_the_label_to_another_column(take: Callable[[str, Any], Taken]) -> None:
    taken, reasons = take("a.csv", "text,label,sentiment\n爛透了,負面,正面\n很棒,正靣,正面\n")
    assert taken == {} and all(reason.startswith("more than one field may be the label") for reason in reasons)


@pytest.mark.parametrize(
    ("numbers", "taken"),
    [
        ("1 0 -1", {}),
        ("1 2 3", {}),
        ("2 3", {}),
        ("0 1 3", {"文0": 0, "文1": 1}),
        ("0 1 2", {"文0": 0, "文1": 1, "文2": 2}),
    ],
)
def test_numbers_of_another_table_are_not_taken_for_ids(
    take: Callable[[str, Any], Taken], numbers: str, taken: dict[str, int]
) -> None:
    found, reasons = take("a.tsv", [(f"文{place}", number) for place, number in enumerate(numbers.split())])
    assert found == taken
    assert taken or [reason.partition(":")[0] for reason in reasons] == [
        f"the labels {', '.join(sorted(numbers.split(), key=int))} are the numbers of another label table"
    ]


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        (("−1", "0", "1"), "-1, 0, 1"),
        (("－１", "０", "１"), "-1, 0, 1"),
        (("-1.0", "0.0", "1.0"), "-1, 0, 1"),
        (("–\u200b1", "0", "1"), "-1, 0, 1"),
        ((" 1", "2 ", "\u30003"), "1, 2, 3"),
        (("①", "②", "③"), "1, 2, 3"),
        (("1", "2", "٣"), "1, 2, 3"),
        ((" " * 40 + "1", "2", "3"), "1, 2, 3"),
    ],
)
def test_another_table_is_known_however_its_numbers_are_spelt(
    take: Callable[[str, Any], Taken], spelt: tuple[str, ...], meant: str
) -> None:
    rows = "".join(f"文{place}\t{number}\n" for place, number in enumerate(spelt))
    found, reasons = take("a.tsv", f"text\tlabel\n{rows}")
    assert found == {} and [reason.partition(":")[0] for reason in reasons] == [
        f"the labels {meant} are the numbers of another label table"
    ]


def test_the_names_that_a_parquet_file_keeps_for_its_numbers_count(take: Callable[[str, Any], Taken]) -> None:
    feature = {"names": ["negative", "neutral", "positive"], "_type": "ClassLabel"}
    metadata = {"huggingface": json.dumps({"info": {"features": {"label": feature}}})}
    table = pyarrow.table({"text": ["太棒了", "太爛了"], "label": [2, 0]}).replace_schema_metadata(metadata)
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    assert take("a.parquet", out.getvalue()) == ({"太棒了": 0, "太爛了": 1}, [])


def task(**changes: Any) -> str:
    result = {"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": ["正面"]}, **changes}
    data = {"text": "餐點好吃但是服務很差", "comment": "真的"}
    return json.dumps([{"id": 1, "data": data, "annotations": [{"result": [result]}]}])


def test_an_answer_about_a_part_or_another_field_is_not_the_texts(take: Callable[[str, Any], Taken]) -> None:
    assert take("whole.json", task()) == ({"餐點好吃但是服務很差": 0}, [])
    assert take("part.json", task(value={"start": 0, "end": 4, "choices": ["負面"]}))[1] == [PART]
    assert take("other.json", task(to_name="comment"))[1] == ["no label"]
    span = {"text": "餐點好吃", "annotations": [{"label": "正面", "start_offset": 0, "end_offset": 2}]}
    assert take("span.jsonl", json.dumps(span))[1] == [PART]


def test_a_later_export_in_which_annotators_disagree_takes_the_text_back(
    settings: Settings, take: Callable[[str, Any], Taken]
) -> None:
    def export(*labels: str) -> str:
        answers = [{"result": [{"from_name": "s", "value": {"choices": [label]}}]} for label in labels]
        return json.dumps([{"id": 1, "data": {"text": "湯頭很濃"}, "annotations": answers}])

    assert take("day.json", export("正面")) == ({"湯頭很濃": 0}, [])
    assert take("day.json", export("正面", "負面"))[0] == {}
    with opened(settings.posts_database) as ledger:
        assert [item.standing for item in ledger.posts()] == [CONTESTED]
    assert take("day.json", export("正面", "正面")) == ({"湯頭很濃": 0}, [])


def test_lines_of_another_encoding_than_the_files_are_refused(take: Callable[[str, Any], Taken]) -> None:
    good = [f"服务非常好，下次还会再来第{number}次" for number in range(30)]
    content = b"text,label\n" + "".join(f"{text},0\n" for text in good).encode("gb18030")
    content += "服務很差，再也不會來了,1\n".encode("big5") + "這家店不會再來,1\n".encode()
    taken, reasons = take("a.csv", content)
    assert taken == dict.fromkeys(good, 0)
    assert len(reasons) == 2 and all(
        reason.startswith(("the row need not be GB 18030", "not GB")) for reason in reasons
    )


def test_a_line_whose_end_is_escaped_is_refused_with_what_goes_on_behind_it(take: Callable[[str, Any], Taken]) -> None:
    taken, reasons = take("a.tsv", "text\tlabel\n服務很好\\\n但是東西難吃\t1\n很棒\t0\n")
    assert (taken, len(reasons)) == ({"很棒": 0}, 2)
    assert all(reason.startswith("a backslash before a line end") for reason in reasons)


def test_two_rows_are_not_one_in_a_file_that_does_not_quote(take: Callable[[str, Any], Taken]) -> None:
    taken, _ = take("a.tsv", 'text\tlabel\n"讚"啦\t0\n"難吃\t1\n很棒"\t0\n普通\t2\n')
    assert taken == {'"讚"啦': 0, '"難吃': 1, '很棒"': 0, "普通": 2}


@pytest.mark.parametrize("text", [r"\N", "NULL", "nan", "NA", "好\ufffd\ufffd"])
def test_what_stands_for_nothing_is_no_text(take: Callable[[str, Any], Taken], text: str) -> None:
    assert take("a.tsv", [(text, 0), ("好吃", 0)])[0] == {"好吃": 0}


def test_line_ends_of_cr_alone_are_named(take: Callable[[str, Any], Taken]) -> None:
    taken, reasons = take("a.csv", "id,text,label,time\r1,這家真好吃,0,2024\r2,很難吃,1,2024\r")
    assert (taken, [reason.partition(",")[0] for reason in reasons]) == ({}, ["the file's lines end with CR alone"])


def test_a_member_whose_name_begins_with_dot_and_slash_is_not_hidden(take: Callable[[str, Any], Taken]) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, label in (("admin.jsonl", "正面"), ("./bob.jsonl", "負面")):
            packed.writestr(name, json.dumps({"id": 1, "text": "湯頭很濃", "label": [label]}))
    assert take("export.zip", out.getvalue()) == ({}, ["annotators disagree"] * 2)
