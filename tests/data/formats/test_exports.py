"""Deliveries as labelling tools and offices write them: each comes in as it was meant, or is refused with its reason.

The shapes are those of the tools' public documentation and sources: doccano (v1.0 to v1.8), label-studio-converter and
label-studio-sdk, Prodigy's recipes and `db-out`, Argilla 1.x and 2.x, Spark and pandas.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pandas as pd
import pytest

from sentiment.data.delivery import judge
from sentiment.data.formats.recognise import read_file
from sentiment.data.formats.record import UnreadableFile
from sentiment.data.tsv import Post
from sentiment.labels import Labels

ANEW = "and deliver the file under a new name"
LABELS = Labels()
OWN_NUMBERS = 'the label is a number of doccano\'s own: deliver its form "JSONL(Text label)"'
Answer = tuple[str, int] | str  # a post's text and label, or the reason why there is none


def read(name: str, content: str | bytes, label_field: str = "") -> list[Answer]:
    whole = content.encode() if isinstance(content, str) else content
    try:
        records = list(read_file(io.BytesIO(whole), name, LABELS, label_field).records)
    except UnreadableFile as error:
        return [str(error)]
    judged = [judge(record, LABELS) for record in records]
    assert all(LABELS.parse(record.columns.label) is None for record in records if record.error)
    return [(post.text, post.label) if isinstance(post, Post) else post for post in judged]


def lines(*values: dict[str, Any]) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def results(**chosen: str) -> list[dict[str, Any]]:
    """Returns an annotation's results in Label Studio: a choice for each control."""
    return [
        {"from_name": control, "to_name": "text", "type": "choices", "value": {"choices": [choice]}}
        for control, choice in chosen.items()
    ]


def task(text: str, *annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"text": text}, "annotations": list(annotations), "predictions": [], **more}


def annotated(**chosen: str) -> dict[str, Any]:
    return {"id": 1, "completed_by": 1, "was_cancelled": False, "ground_truth": False, "result": results(**chosen)}


def minimal(number: int, text: str, sentiment: str, **more: Any) -> dict[str, Any]:
    made = {"annotator": 1, "annotation_id": number, "created_at": "2024-05-01", "updated_at": "", "lead_time": 1.5}
    return {"text": text, **more, "id": number, "sentiment": sentiment, **made}


# doccano


def test_doccanos_own_numbers_are_no_labels() -> None:
    keys: list[dict[str, Any]] = [
        {"id": n, "text": f"湯頭{n}", "annotations": [{"label": n, "user": 1}], "meta": {}, "annotation_approver": None}
        for n in (1, 2, 3)
    ]
    assert read("keys.jsonl", lines(*keys)) == [OWN_NUMBERS] * 3
    table = "annotation_approver,id,label,meta,text,user\n,4,1,{},湯頭很好,1\n,5,2,{},等很久,1\n"
    assert read("keys.csv", table) == [OWN_NUMBERS] * 2


@pytest.mark.parametrize(
    ("name", "content", "answers"),
    [
        ("1.8.jsonl", lines({"id": 1, "text": "好吃", "label": ["正面"], "Comments": []}), [("好吃", 0)]),
        ("1.8.csv", 'id,text,label,Comments\n1,"好吃, 真的",正面,\n2,壞,負面,\n', [("好吃, 真的", 0), ("壞", 1)]),
        ("1.8.csv", "id,text,label\n1,兩個,正面#負面\n", ["unknown label '正面#負面'"]),
        ("1.3.csv", "id,data,label\n1,好吃,positive\n2,還沒標,\n", [("好吃", 0), "unknown label ''"]),
        ("1.3.json", json.dumps([{"id": 1, "data": "普通", "label": ["neutral"]}]), [("普通", 2)]),
        (
            "1.0-text-label.jsonl",
            lines({"id": 1, "text": "難吃", "labels": ["負面"], "meta": {}, "annotation_approver": "admin"}),
            [("難吃", 1)],
        ),
    ],
)  # fmt: skip
def test_doccanos_names_are_labels(name: str, content: str, answers: list[Answer]) -> None:
    assert read(name, content) == answers


# Label Studio


def test_a_label_that_came_with_the_task_is_not_the_annotators() -> None:
    rows = [minimal(1, "份量變少", "負面", label="正面"), minimal(2, "會送小菜", "正面", label="負面")]
    assert read("min.json", json.dumps(rows)) == [("份量變少", 1), ("會送小菜", 0)]
    frame = pd.DataFrame(rows)
    assert read("old.csv", frame.to_csv(index=False)) == [("份量變少", 1), ("會送小菜", 0)]
    in_alphabetical_order = frame[sorted(frame)].to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC)
    ambiguous = (
        "more than one field may be the label: label, sentiment: set SENTIMENT_LABEL_FIELD to the one that is, " + ANEW
    )
    assert read("new.csv", in_alphabetical_order) == [ambiguous] * 2
    assert read("new.csv", in_alphabetical_order, "sentiment") == [("份量變少", 1), ("會送小菜", 0)]
    renamed = frame.rename(columns={"label": "_data_sentiment"})
    assert read("new.tsv", renamed[sorted(renamed)].to_csv(index=False, sep="\t")) == [("份量變少", 1), ("會送小菜", 0)]


def test_a_control_over_the_tasks_own_field_is_refused() -> None:
    row = {"text": "好", "label": "正面", "id": 1, "annotator": 1, "annotation_id": 1, "lead_time": 1.0}
    (answer,) = read("min.json", json.dumps([row]))
    assert answer == "the label may be the imported task's own: deliver Label Studio's JSON"


@pytest.mark.parametrize("form", ["json", "csv", "tsv"])
def test_annotators_who_disagree_are_refused_by_task(form: str) -> None:
    rows = [
        minimal(1, "有人說好", "正面"),
        minimal(2, "同意", "負面"),
        minimal(3, "有人說好", "中立"),
        minimal(2, "同意", "負面"),
    ]
    rows += [minimal(1, "有人說好", "負面")]
    separator = "," if form == "csv" else "\t"
    content = json.dumps(rows) if form == "json" else pd.DataFrame(rows).to_csv(index=False, sep=separator)
    disagree = "annotators disagree"
    expected = [disagree, ("同意", 1), ("有人說好", 2), ("同意", 1), disagree]
    assert read(f"min.{form}", content) == expected


def test_only_the_question_about_the_sentiment_counts() -> None:
    skipped = {"id": 1, "skipped": True, "was_cancelled": None, "result": results(sentiment="負面")}
    tasks = [
        {"id": 1, "data": {"text": "看不懂"}, "completions": [skipped]},
        task("領優惠券", annotated(spam="1")),
        task("領貼圖", annotated(sentiment="中立", spam="1")),
        task("只是很貴", annotated(price="負面")),
        task("還沒標過", predictions=[{"result": results(sentiment="正面")}], drafts=[annotated(sentiment="正面")]),
    ]
    expected = ["skipped by the annotator", "no label", ("領貼圖", 2), "no label", "no label"]
    assert read("tasks.json", json.dumps(tasks)) == expected


def test_the_control_is_found_out_or_said_in_a_setting() -> None:
    tasks = [task("好", annotated(q1="正面", q2="美食")), task("壞", annotated(q1="負面", q2="服務"))]
    assert read("tasks.json", json.dumps(tasks)) == [("好", 0), ("壞", 1)]
    both = [task("好", annotated(taste="正面", price="負面"))]
    ambiguous = (
        "more than one field may be the label: taste, price: set SENTIMENT_LABEL_FIELD to the one that is, " + ANEW
    )
    assert read("tasks.json", json.dumps(both)) == [ambiguous]
    assert read("tasks.json", json.dumps(both), "taste") == [("好", 0)]
    numbers = [task("好", annotated(spam="1"))]
    doubt = (
        "the field 'spam' is not known to hold the sentiment: set SENTIMENT_LABEL_FIELD to the field that does, " + ANEW
    )
    assert read("tasks.json", json.dumps(numbers)) == [doubt]


def test_reviewers_and_ground_truth_decide() -> None:
    rejected = annotated(sentiment="正面") | {"reviews": [{"accepted": False, "created_at": "2024-05-02"}]}
    accepted = annotated(sentiment="負面") | {"reviews": [{"accepted": True, "created_at": "2024-05-02"}]}
    truth = annotated(sentiment="中立") | {"ground_truth": True}
    tasks = [task("甲", rejected), task("乙", rejected, accepted), task("丙", accepted, truth)]
    assert read("tasks.json", json.dumps(tasks)) == ["rejected by the reviewer", ("乙", 1), ("丙", 2)]


@pytest.mark.parametrize("strange", [[], {}, 7, None, {"a": []}])
def test_an_answer_of_a_strange_form_spoils_no_file(strange: Any) -> None:
    result = {"from_name": "sentiment", "to_name": strange, "value": {"choices": ["正面"]}}
    whole = {"data": {"text": "好吃", "image": "x"}, "annotations": [{"result": [result]}]}
    content = json.dumps([whole, {"data": {"text": "難吃"}, "annotations": [{"result": strange}]}])
    assert read("a.json", content)[0] == ("好吃", 0)


@pytest.mark.parametrize("cell", ["[0x" + "f" * 4_000 + "]", "[{1, 2}]", "{1: 2}", "{(1, 2): 3}", "[b'x', ...]"])
def test_a_cell_that_json_cannot_say_spoils_no_file(cell: str) -> None:
    columns = ("text", "fields", "responses", "sentiment.responses", "sentiment.responses.status")
    rows = (columns, ("好", cell, cell, cell, "submitted"), ("壞", "", "", "負面", "submitted"))
    assert read("flat.tsv", "".join("\t".join(row) + "\n" for row in rows))[1] == ("壞", 1)


def test_version_0_7_wrote_a_file_for_each_task() -> None:
    completion = {"created_at": 1580000000, "id": 1, "lead_time": 3.1, "result": results(sentiment="Positive")}
    assert read("0.json", json.dumps({"id": 0, "data": {"text": "好"}, "completions": [completion]}, indent=2)) == [
        ("好", 0)
    ]


# Prodigy


def answered(text: str, label: str, answer: str, number: int = 1) -> dict[str, Any]:
    hashes = {"_input_hash": number, "_task_hash": 100 + number, "_view_id": "classification"}
    return {"text": text, "label": label, "score": 0.5, **hashes, "answer": answer}


def test_prodigys_answers() -> None:
    options = [{"id": "正面", "text": "正面"}, {"id": "中立", "text": "中立"}]
    numbered = [{"id": 0, "text": "負面"}, {"id": 1, "text": "正面"}]
    choice = {"_view_id": "choice", "answer": "accept"}
    content = lines(
        answered("店員臉很臭", "正面", "reject", 1),
        answered("冷氣壞了", "正面", "ignore", 2),
        answered("麵條很彈牙", "正面", "accept", 3),
        {"text": "普普通通", "options": options, "accept": ["中立"], "_input_hash": 4, **choice},
        {"text": "號碼是配方的", "options": numbered, "accept": [1], "_input_hash": 5, **choice},
        {"text": "沒選", "options": options, "accept": [], "_input_hash": 6, **choice},
        {"text": "沒答", "label": "正面", "_input_hash": 7, "_task_hash": 8},
    )
    refused = "not accepted by the annotator: "
    assert read("answers.jsonl", content) == [
        f"{refused}reject", f"{refused}ignore", ("麵條很彈牙", 0), ("普普通通", 2), ("號碼是配方的", 0), "no label",
        "without the annotator's answer",
    ]  # fmt: skip


def test_prodigys_annotators_may_disagree_in_lines_of_their_own() -> None:
    rows = [
        answered("甲", "正面", "accept", 1),
        answered("乙", "正面", "accept", 2),
        answered("甲", "正面", "reject", 1),
    ]
    rows += [
        answered("丙", "正面", "accept", 3),
        answered("丙", "負面", "accept", 3),
        answered("丁", "負面", "accept", 4),
    ]
    content = lines(*[row | {"_annotator_id": f"set-{number}"} for number, row in enumerate(rows)])
    disagree = "annotators disagree"
    refused = "not accepted by the annotator: reject"
    assert read("set.jsonl", content) == [disagree, ("乙", 0), refused, disagree, disagree, ("丁", 1)]


# Argilla


def response(value: Any, status: str = "submitted", user: str = "u1") -> dict[str, Any]:
    return {"value": value, "user_id": user, "status": status}


def test_argillas_responses() -> None:
    def record(text: str, *responses: dict[str, Any]) -> dict[str, Any]:
        suggested = {"sentiment": {"value": "正面", "score": 0.9, "agent": "model"}}
        given = {"sentiment": list(responses)} if responses else {}
        return {"id": text, "fields": {"text": text}, "metadata": {}, "suggestions": suggested, "responses": given}

    records = [
        record("好", response("正面")),
        record("草稿", response("正面", "draft")),
        record("丟掉", response("正面", "discarded")),
        record("模型說的"),
        record("吵", response("正面"), response("負面", user="u2")),
        record("和", response("中立"), response("中立", user="u2"), response("負面", "discarded", "u3")),
    ]
    none = "no response was submitted"
    expected = [("好", 0), none, none, "no label", "annotators disagree", ("和", 2)]
    assert read("records.json", json.dumps(records)) == expected


def test_argillas_older_records_and_flat_tables() -> None:
    values = {"sentiment": {"value": "負面"}, "spam": {"value": "1"}}
    feedback = {"fields": {"text": "難"}, "responses": [{"user_id": "u", "status": "submitted", "values": values}]}
    assert read("1.x.jsonl", lines(feedback)) == [("難", 1)]
    classified = {"text": "好", "annotation": "正面", "annotation_agent": "me", "prediction": [["負面", 0.9]]}
    rows = lines(classified | {"status": "Validated"}, classified | {"status": "Default"})
    assert read("rubrix.jsonl", rows) == [("好", 0), "no response was submitted"]
    flat = pd.DataFrame(
        {
            "text": ["好", "草稿"],
            "sentiment.responses": [["正面"], ["正面"]],
            "sentiment.responses.users": [["u"], ["u"]],
            "sentiment.responses.status": [["submitted"], ["draft"]],
            "sentiment.suggestion": ["負面", "負面"],
        }
    )
    assert read("flat.csv", flat.to_csv(index=False)) == [("好", 0), "no response was submitted"]


# Plain tables


@pytest.mark.parametrize(
    ("content", "answers"),
    [
        ("text,label,sentiment\n好,0,正面\n壞,1,負面\n", [("好", 0), ("壞", 1)]),
        ("text,label,sentiment\n好,1,正面\n壞,2,負面\n", None),
        ("text,label,sentiment\n好,101,正面\n壞,102,負面\n", [("好", 0), ("壞", 1)]),
        ("text,label,label\n好,0,1\n", ["the file has no header with the columns text and label"]),
        ("text,label,title,,\n好,0,標題,,\n壞,1\n", [("好", 0), ("壞", 1)]),
        ("text,label\n好,0,,\n壞,1.0\n普,2.00\n", [("好", 0), ("壞", 1), ("普", 2)]),
        ("text,label\n好,0,多\n", ["wrong number of columns: 3 instead of 2"]),
    ],
)
def test_columns_of_a_plain_table(content: str, answers: list[Answer] | None) -> None:
    ambiguous = (
        "more than one field may be the label: label, sentiment: set SENTIMENT_LABEL_FIELD to the one that is, " + ANEW
    )
    assert read("plain.csv", content) == (answers or [ambiguous] * 2)


def test_quoted_posts_of_many_lines() -> None:
    long = "\r\n".join(f"第{number}行 今天去吃了新開的店" for number in range(60))
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([("text", "label"), (long, 1), ("豆花好吃", 0)])
    assert read("60.csv", out.getvalue()) == [(long.replace("\r\n", " "), 1), ("豆花好吃", 0)]
    rows = 'text,label\n"我給的分數\n口味,2\n服務,1\n失望透頂",1\n停車方便,0\n'
    assert read("rows.csv", rows) == [("我給的分數 口味,2 服務,1 失望透頂", 1), ("停車方便", 0)]
    assert read("comma.csv", 'label,text,title\n0,"好吃,推薦\n第二行",心得\n') == [("好吃,推薦 第二行", 0)]


def test_sparks_backslashes() -> None:
    content = 'text,label\n"他說 \\"好吃, 真的\\" 兩次",0\n"路徑, C:\\\\Temp",1\n'
    assert read("part-00000.csv", content) == [('他說 "好吃, 真的" 兩次', 0), ("路徑, C:\\\\Temp", 1)]
