"""The quarantine: a person mends a copy of it and delivers that."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as searching
from hypothesis import strategies as st
from support.results import in_json

from sentiment.cli import run
from sentiment.data import ingest as ingesting
from sentiment.data.formats.recognise import read_file
from sentiment.data.formats.record import Columns, Record
from sentiment.data.ledger import opened
from sentiment.data.quarantine import COLUMNS, file_of, quarantining, rows_of
from sentiment.data.tsv import one_line
from sentiment.labels import Labels
from sentiment.settings import Settings

ingest = in_json(ingesting.ingest)


Deliver = Callable[[str, Any], Path]
NASTY = (
    "text\tlabel\ttitle\tsource\n"
    "好吃\t非常正面\t火鍋\tPTT\n"
    '"他說""難吃"""\t9\t\t\n'
    "沒有標籤\t\t\tDcard\n"
    "欄數不對\t1\t\t\t多一欄\n"
    "有控制碼\x1b[31m\t1\t\t\n"
    f"{'長' * 20_001}\t1\t\t\n"
    "這一列是好的\t2\t\t\n"
)


def deliver_nasty(settings: Settings, deliver: Deliver) -> dict[str, Any]:
    deliver("nasty.tsv", NASTY.encode() + "大五碼\t1\t\t\n".encode("big5"))
    (delivery,) = ingest(settings.source_folder, settings)["deliveries"]
    assert (delivery["accepted"], delivery["quarantined"]) == (1, 7)
    found: dict[str, Any] = delivery
    return found


def mend(quarantine_file: str, target: Path, labels: dict[str, str]) -> None:
    """Does what a labeller does in a spreadsheet: sees raw, fills in text and label, saves."""
    rows = list(rows_of(Path(quarantine_file)))
    with target.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS, delimiter="\t")
        writer.writeheader()
        for row in rows:
            if label := labels.get(row["line"]):
                writer.writerow({**row, "text": row["text"] or row["raw"][:4], "label": label})


def test_a_mended_copy_is_delivered_as_it_is(settings: Settings, deliver: Deliver) -> None:
    delivery = deliver_nasty(settings, deliver)
    inbox = Path(settings.source_folder)
    labels = {"2": "正面", "3": "1", "4": "neutral", "5": "負面", "6": "負面"}
    mend(delivery["quarantine_file"], inbox / "mended.tsv", labels)
    (mended,) = ingest(str(inbox), settings)["deliveries"]
    assert (mended["accepted"], mended["quarantined"], mended["form"]) == (5, 0, "TSV")
    with opened(settings.posts_database) as ledger:
        posts = {item.post.text: item.post for item in ledger.posts()}
    assert (posts["好吃"].label, posts["好吃"].title, posts["好吃"].source) == (0, "火鍋", "PTT")
    assert (posts['他說"難吃"'].label, posts["沒有標籤"].source) == (1, "Dcard")
    assert {"欄數不對", "有控制碼"} <= set(posts)


def test_what_nobody_mended_is_refused_again(settings: Settings, deliver: Deliver) -> None:
    delivery = deliver_nasty(settings, deliver)
    content = Path(delivery["quarantine_file"]).read_bytes()
    deliver("again.tsv", content)
    (again,) = ingest(settings.source_folder, settings)["deliveries"]
    assert (again["accepted"], again["duplicate"], again["quarantined"]) == (0, 0, 7)


def test_json_rows_can_be_mended_too(settings: Settings, deliver: Deliver) -> None:
    rows = [{"text": "兩個標籤\n換行", "label": ["正面", "負面"], "source": "PTT"}, {"text": "沒標籤"}, "不是物件"]
    deliver("a.json", json.dumps(rows))
    (delivery,) = ingest(settings.source_folder, settings)["deliveries"]
    assert delivery["reasons"] == {"more than one label": 1, "no label": 1, "not a JSON object but a string": 1}
    found = [
        (row["line"], row["text"], row["label"], row["source"]) for row in rows_of(Path(delivery["quarantine_file"]))
    ]
    assert found == [("1", "兩個標籤 換行", "正面, 負面", "PTT"), ("2", "沒標籤", "", ""), ("3", "", "", "")]
    mend(delivery["quarantine_file"], Path(settings.source_folder) / "mended.tsv", {"1": "正面", "2": "中立"})
    assert ingest(settings.source_folder, settings)["accepted"] == 2


@given(st.builds(Columns, *[st.text(max_size=8)] * 4), st.text(max_size=20), st.text(max_size=10))
@searching(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_row_is_one_line_of_the_file(tmp_path: Path, columns: Columns, raw: str, reason: str) -> None:
    with quarantining(tmp_path, 1, "a.tsv") as quarantine:
        quarantine.add(Record(7, raw, columns), "reason", intact=False)
        quarantine.add(Record(8, raw), "reason", intact=True)
    lines = (tmp_path / "1-a.tsv.tsv").read_text("utf-8-sig").splitlines()
    assert [line.split("\t")[0] for line in lines] == ["line", "7", "8"]


SIGNS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
NASTIEST = st.text(
    st.sampled_from([*BIDI, *"=+-@＝＋－＠\\,;'\"\n\r\t", "\x1b", "\x00", "\u2028"]) | st.sampled_from("x3du202e5c好"),
    max_size=12,
)


@given(st.lists(st.tuples(NASTIEST, NASTIEST, NASTIEST), min_size=1, max_size=5))
@searching(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_row_is_safe_in_a_spreadsheet_and_comes_back(tmp_path: Path, rows: list[tuple[str, str, str]]) -> None:
    given_columns = [Columns(*map(one_line, (text, "9", title, source))) for text, title, source in rows]
    with quarantining(tmp_path, 1, "a.tsv") as quarantine:
        for number, columns in enumerate(given_columns, 2):
            quarantine.add(Record(number, "".join(columns), columns), f"reason: {columns.text}")
    content = file_of(tmp_path, 1, "a.tsv").read_bytes()
    cells = [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter="\t") for cell in row]
    assert not [cell for cell in cells if cell.startswith(SIGNS) or set(cell) & {*BIDI, "\x1b", "\x00", "\u2028", "\n"}]
    found = [record.columns for record in read_file(io.BytesIO(content), "mended.tsv", Labels()).records]
    assert [Columns(*map(one_line, columns)) for columns in found] == given_columns
    again = [Columns(*(row[name] for name in Columns._fields)) for row in rows_of(file_of(tmp_path, 1, "a.tsv"))]
    assert again == given_columns


def test_a_formula_in_a_delivery_is_text_in_the_quarantine_and_is_taken_when_mended(
    settings: Settings, deliver: Deliver
) -> None:
    text = '=HYPERLINK("https://example.org","看")\u202e'
    deliver("a.jsonl", json.dumps({"text": text, "label": "=9"}) + "\n")
    (delivery,) = ingest(settings.source_folder, settings)["deliveries"]
    content = Path(delivery["quarantine_file"]).read_text("utf-8-sig")
    assert "\\x3dHYPERLINK" in content and "\\u202e" in content and "\t=" not in content and '"=' not in content
    deliver("mended.tsv", content.replace("\\x3d9", "0"))
    (mended,) = ingest(settings.source_folder, settings)["deliveries"]
    assert mended["accepted"] == 1
    with opened(settings.posts_database) as ledger:
        assert [item.post.text for item in ledger.posts()] == [text]


def test_a_quarantine_that_was_saved_as_a_workbook_comes_back(settings: Settings, deliver: Deliver) -> None:
    deliver("a.tsv", "text\tlabel\n＝好吃\\x3d\t9\n好喝\\x3d\t9\n")
    (delivery,) = ingest(settings.source_folder, settings)["deliveries"]
    book = openpyxl.Workbook()
    for line in Path(delivery["quarantine_file"]).read_text("utf-8-sig").splitlines():
        book.active.append([0 if cell == "9" else cell for cell in line.split("\t")])
    book.save(Path(settings.source_folder) / "mended.xlsx")
    assert ingest(settings.source_folder, settings)["accepted"] == 2
    with opened(settings.posts_database) as ledger:
        assert {item.post.text for item in ledger.posts()} == {"＝好吃\\x3d", "好喝\\x3d"}


def test_a_file_of_an_earlier_version_is_read_as_it_stands(settings: Settings, deliver: Deliver) -> None:
    header = "line\treason\ttext\tlabel\ttitle\tsource\traw\n"
    deliver("a.tsv", header + "2\tunknown label '9'\t路徑是 \\x3d 與 \\u202e\t0\t\t\t\n")
    assert ingest(settings.source_folder, settings)["accepted"] == 1
    with opened(settings.posts_database) as ledger:
        assert [item.post.text for item in ledger.posts()] == ["路徑是 \\x3d 與 \\u202e"]


def test_a_report_names_the_file_the_reasons_and_examples(
    settings: Settings, deliver: Deliver, capsys: pytest.CaptureFixture[str]
) -> None:
    delivery = deliver_nasty(settings, deliver)
    deliver("other.csv", "text,label\n好喝,0\n".encode("utf-16"))
    ingest(settings.source_folder, settings)
    capsys.readouterr()
    assert run(["ingest", "--report", "1"]) == 0
    out, told = capsys.readouterr()
    printed = json.loads(out)
    assert (printed["number"], printed["form"], printed["encoding"]) == (1, "TSV", "UTF-8")
    assert printed["reasons"] == delivery["reasons"]
    assert [row["line"] for row in printed["examples"]["unknown label"]] == ["2", "3", "4"]
    assert printed["examples"]["unknown label"][0] == {"line": "2", "reason": "unknown label '非常正面'", "row": "好吃"}
    assert printed["quarantine_file"] == delivery["quarantine_file"]
    for words in (
        "nasty.tsv",
        "TSV, UTF-8",
        "quarantined 7",
        "3  unknown label",
        "line 2: 好吃",
        "edit text and label",
    ):
        assert words in told
    assert run(["ingest", "--report"]) == 0
    out, told = capsys.readouterr()
    assert (json.loads(out)["number"], json.loads(out)["encoding"]) == (2, "UTF-16 LE")
    Path(delivery["quarantine_file"]).unlink()
    assert run(["ingest", "--report", "1"]) == 0
    assert "no longer in the quarantine" in capsys.readouterr().err


@pytest.mark.parametrize("wanted", ["7", "x", "0"])
def test_a_report_of_no_delivery(settings: Settings, wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ingest", f"--report={wanted}"]) == 2
    assert "--report must name a delivery" in capsys.readouterr().err
    assert not settings.posts_database.exists()
