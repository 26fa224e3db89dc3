"""Ingest: every row is accepted or quarantined, and a file counts once."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.results import in_json

from sentiment.cli import run
from sentiment.data import ingest as ingesting
from sentiment.data.claims import CONTESTED, PLAIN
from sentiment.data.ledger import opened
from sentiment.data.ledger_batch import Accepted
from sentiment.data.quarantine import quarantining, rows_of
from sentiment.errors import InputError
from sentiment.results.deliveries import Ingest
from sentiment.results.record import as_json
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings
from sentiment.text.harmless import visible

ingest = in_json(ingesting.ingest)


Deliver = Callable[[str, Any], Path]


def ingested(settings: Settings) -> Any:
    return ingest(settings.source_folder, settings)


def posts(settings: Settings) -> dict[str, Accepted]:
    with opened(settings.posts_database) as ledger:
        return {item.post.text: item for item in ledger.posts()}


def quarantined(settings: Settings, delivery: dict[str, Any]) -> list[tuple[int, str, str]]:
    assert Path(delivery["quarantine_file"]).parent == settings.quarantine
    lines = Path(delivery["quarantine_file"]).read_text("utf-8").splitlines()
    assert lines[0] == "\ufeffline\treason\ttext\tlabel\ttitle\tsource\traw\tescaped_cells"
    rows = rows_of(Path(delivery["quarantine_file"]))
    return [(int(row["line"]), row["reason"], row["text"] or row["raw"]) for row in rows]


def test_good_rows_are_accepted(settings: Settings, deliver: Deliver) -> None:
    deliver("a.tsv", "text\tlabel\ttitle\tsource\n好吃\t正面\t火鍋\tPTT\n難吃\t1\t\t\n")
    result = ingested(settings)
    assert result == {
        "deliveries": [
            {
                "number": 1,
                "key": "a.tsv",
                "form": "TSV",
                "encoding": "UTF-8",
                "accepted": 2,
                "duplicate": 0,
                "relabelled": 0,
                "quarantined": 0,
                "disagreed": 0,
                "reasons": {},
                "quarantine_file": None,
                "not_copied": 0,
            }
        ],
        "accepted": 2,
        "quarantined": 0,
        "left": [],
        "not_read": [],
        "watermark": 1,
    }
    found = posts(settings)
    assert (found["好吃"].post.label, found["好吃"].post.title, found["好吃"].post.source) == (0, "火鍋", "PTT")
    assert list(settings.quarantine.iterdir()) == []


def test_csv_windows_endings_byte_order_mark_and_folders(settings: Settings, deliver: Deliver) -> None:
    deliver("2026/十一月/a.CSV", '\ufefflabel,text\r\nnegative,"貴,又難吃"\r\n2,"第一行\r\n第二行"\r\n')
    assert ingested(settings)["deliveries"][0]["key"] == "2026/十一月/a.CSV"
    assert {text: item.post.label for text, item in posts(settings).items()} == {"貴,又難吃": 1, "第一行 第二行": 2}


def test_ingesting_twice_changes_nothing(settings: Settings, deliver: Deliver) -> None:
    deliver("a.tsv", [("好吃", 0)])
    ingested(settings)
    before = posts(settings)
    nothing = {"deliveries": [], "accepted": 0, "quarantined": 0, "left": [], "not_read": [], "watermark": 1}
    assert ingested(settings) == nothing
    assert posts(settings) == before


def test_a_changed_file_is_a_new_delivery_also_when_it_changes_back(settings: Settings, deliver: Deliver) -> None:
    labels = []
    for label in (0, 1, 0):
        deliver("a.tsv", [("好吃", label)])
        ingested(settings)
        item = posts(settings)["好吃"]
        labels.append((item.post.label, item.delivery))
    assert labels == [(0, 1), (1, 2), (0, 3)]


def test_a_known_text_is_a_duplicate_or_relabelled(settings: Settings, deliver: Deliver) -> None:
    deliver("a.tsv", [("推: 好吃", 0), ("推:好吃", 0), ("難吃", 1), ("推：好吃", 2)])
    first = ingested(settings)["deliveries"][0]
    assert (first["accepted"], first["duplicate"], first["relabelled"]) == (2, 1, 1)
    deliver("b.tsv", [("難吃", 1), ("推:好 吃", 1)])
    second = ingested(settings)["deliveries"][0]
    assert (second["accepted"], second["duplicate"], second["relabelled"]) == (0, 1, 1)
    found = posts(settings)
    assert (found["推:好 吃"].post.label, found["推:好 吃"].delivery, found["難吃"].delivery) == (1, 2, 1)


def test_the_share_goes_to_the_rolling_set(settings: Settings, deliver: Deliver) -> None:
    deliver("a.tsv", [(f"第{number}篇", number % 3) for number in range(1000)])
    ingested(settings)
    assert 150 < sum(item.rolling for item in posts(settings).values()) < 250


def test_bad_rows_are_quarantined_and_stop_nothing(settings: Settings, deliver: Deliver) -> None:
    rows = [
        b"text\tlabel",
        "好吃\t0".encode(),
        "缺標籤".encode(),
        "太\t多\t欄".encode(),
        b" \t1",
        "標籤怪\t9".encode(),
        "沒標籤\t".encode(),
        "有\0空字元\t1".encode(),
        "有\x1b[31m控制碼\t1".encode(),
        "長".encode() * 20_001 + b"\t1",
        "大五碼".encode("big5") + b"\t1",
        b"x" * 300_000 + b"\t1",
        '"沒關的引號\t1'.encode(),
        '"沒關又沒標籤'.encode(),
        "在引號裡\t1".encode(),
        *(f"難吃{number}\t1".encode() for number in range(20)),
    ]
    deliver("bad.tsv", b"\n".join(rows))
    delivery = ingested(settings)["deliveries"][0]
    good = {"在引號裡", *(f"難吃{number}" for number in range(20))}
    assert set(posts(settings)) == {"好吃", '"沒關的引號', *good}
    assert delivery["accepted"] == 23
    assert delivery["quarantined"] == 11
    assert delivery["reasons"] == {
        "wrong number of columns": 2,
        "a quote opens a field and is never closed": 1,
        "empty text": 1,
        "unknown label": 2,
        "control character in text": 2,
        "text too long": 1,
        "not UTF-8": 1,
        "line too long": 1,
    }
    found = quarantined(settings, delivery)
    assert [number for number, _, _ in found] == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14]
    assert found[1][1:] == ("wrong number of columns: 3 instead of 2", "太\\t多\\t欄")
    assert found[5][2] == "有\\x00空字元\\t1"
    assert found[6][2] == "有\\x1b[31m控制碼\\t1"
    assert all(len(raw) <= 8_001 for _, _, raw in found)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        ("內容\t標籤\n好\t0\n".encode(), "the file has no header with the columns text and label"),
        (b"\x1f\x8b\x08\x00binary", "the gzip file is cut off"),
        (b"\x1f\x8b\xff" + b"\xff" * 50, "the file is broken gzip data"),
        (gzip.compress(gzip.compress(b"text\tlabel\n")), "the file is packed with gzip twice"),
        (b"PK\x03\x04\x14\0\0\0", "the file is a ZIP archive or an Excel workbook under another name"),
        (b"\0\0\0\0\0", "the file is not text"),
        (b"text\tlabel" + b"\tx" * 200_000 + b"\n", "the file has no header: line too long"),
        (os.urandom(5_000).replace(b"\n", b""), "the file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "the file is a picture"),
    ],
)
def test_a_file_that_cannot_be_read_is_quarantined_whole_and_once(
    settings: Settings, deliver: Deliver, content: bytes, reason: str
) -> None:
    deliver("a.tsv", content)
    deliver("b.tsv", [("好吃", 0)])
    first, second = ingested(settings)["deliveries"]
    assert (first["accepted"], first["quarantined"], second["accepted"]) == (0, 1, 1)
    assert quarantined(settings, first)[0][1].startswith(reason)
    assert ingested(settings)["deliveries"] == []


def test_a_header_alone_is_a_delivery_of_nothing(settings: Settings, deliver: Deliver) -> None:
    deliver("a.tsv", "text\tlabel\n")
    delivery = ingested(settings)["deliveries"][0]
    assert (delivery["accepted"], delivery["quarantined"]) == (0, 0)


def test_other_files_and_uploads_in_progress_are_left_alone(settings: Settings, deliver: Deliver) -> None:
    for name in ("README.md", ".a.tsv", "._b.tsv", ".parts/c.tsv", "d.tsv.part"):
        deliver(name, [("好吃", 0)])
    deliver("folder.tsv/e.tsv", [("難吃", 1)])
    result = ingested(settings)
    assert [item["key"] for item in result["deliveries"]] == ["folder.tsv/e.tsv"]
    assert result["left"] == []
    assert [item["key"] for item in result["not_read"]] == ["README.md", "d.tsv.part"]


def test_an_empty_folder_is_no_error_and_not_silent(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert ingested(settings)["deliveries"] == []
    assert f"{settings.source_folder} holds nothing that is read" in capsys.readouterr().err


def test_hostile_file_names_stay_in_quarantine(settings: Settings, deliver: Deliver) -> None:
    folder = Path(settings.source_folder)
    for number, name in enumerate(
        (b"a\nb\t.tsv", b"\xff\xfe.tsv", b"; rm -rf $HOME .tsv", "很".encode() * 80 + b".tsv")
    ):
        (folder / os.fsdecode(name)).write_bytes(b"text\tlabel\nbad%d\n" % number)
    result = ingested(settings)
    assert len(result["deliveries"]) == 4
    assert json.loads(json.dumps(result)) == result
    names = {Path(delivery["quarantine_file"]).name for delivery in result["deliveries"]}
    assert names == {path.name for path in settings.quarantine.iterdir()}
    assert all(name.isascii() and name.isprintable() and len(name) < 130 for name in names)
    assert ingested(settings)["deliveries"] == []


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_time(
    settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = deliver("a.tsv", [("好吃", 0)])
    deliver("b.tsv", [("難吃", 1)])
    import sentiment.data.intake as module

    def grow(*arguments: Any) -> Any:
        if arguments[2] == "a.tsv":
            path.write_text("text\tlabel\n好吃\t0\n又好吃\t", "utf-8")
        return quarantining(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(module, "quarantining", grow)
        assert [item["key"] for item in ingested(settings)["deliveries"]] == ["b.tsv"]
    assert set(posts(settings)) == {"難吃"}
    deliver("a.tsv", [("好吃", 0), ("又好吃", 0)])
    assert [item["number"] for item in ingested(settings)["deliveries"]] == [2]


@pytest.mark.parametrize(
    ("source", "told"), [("ftp://host/posts", "a folder or s3:"), ("/nowhere/at/all", "existing folder")]
)
def test_a_source_that_cannot_be_read_is_named(settings: Settings, source: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        ingest(source, settings)
    assert not settings.posts_database.exists()


def test_the_verb_leaves_its_result_with_the_run(
    settings: Settings, deliver: Deliver, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    deliver("a.tsv", [("好吃", 0)])
    assert run(["ingest", "--run", "night:1", "--result", str(tmp_path / "result.json")]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "result.json").read_text("utf-8"))
    assert printed == as_json(RunFolder.named(settings, "night:1").read(Ingest))
    assert run(["ingest", "--source", "/nowhere"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


BLANK = ["\u200b", "\ufeff\u00a0", "\u3164", "\u2800\u2800", "\ufe0f", "\ufffd\ufffd\ufffd", "\u00ad"]
PAIRS = [
    ("這家店👍", "這家店👎"),
    ("喔 😍", "喔 😡"),
    ("評分 3.5", "評分 35"),
    ("CP值-5", "CP值 5"),
    ("好吃?", "好吃!"),
    ("A+", "A-"),
    ("👨‍👩‍👧", "👨‍👩‍👦"),
]


def test_blank_texts_are_refused_and_pairs_that_mean_two_things_are_two_posts(
    settings: Settings, deliver: Deliver
) -> None:
    rows = [(text, 0) for text in BLANK] + [(text, label) for pair in PAIRS for label, text in enumerate(pair)]
    deliver("a.tsv", rows)
    [delivery] = ingested(settings)["deliveries"]
    assert (delivery["accepted"], delivery["relabelled"]) == (2 * len(PAIRS), 0)
    assert delivery["reasons"] == {"empty text": len(BLANK)}
    found = posts(settings)
    assert all(found[text].post.label == label for pair in PAIRS for label, text in enumerate(pair))
    deliver("b.tsv", [("❤️", 0), ("❤", 1), ("ＣＰ值-5", 0)])
    [again] = ingested(settings)["deliveries"]
    assert (again["accepted"], again["relabelled"], again["duplicate"]) == (1, 1, 1)


def test_the_folder_can_be_the_source_whatever_the_column_says(settings: Settings, deliver: Deliver) -> None:
    trusting = replace(settings, source_from="folder")
    deliver("alice/1.tsv", "text\tlabel\tsource\n湯頭很濃\t0\tptt\n")
    deliver("bob/1.tsv", "text\tlabel\tsource\n湯頭很濃\t1\talice\n")
    deliver("bob/2.zip", zipped("a.tsv", "text\tlabel\tsource\n等太久\t1\talice\n"))
    deliver("3.tsv", "text\tlabel\tsource\n還可以\t2\talice\n")
    deliver("4.zip", zipped("bob/a.tsv", "text\tlabel\tsource\n普普通通\t2\talice\n"))
    ingest(trusting.source_folder, trusting)
    with opened(trusting.posts_database) as ledger:
        found = {item.post.text: (item.post.source, item.standing) for item in ledger.posts()}
    assert found == {
        "湯頭很濃": ("alice", CONTESTED),
        "等太久": ("bob", PLAIN),
        "還可以": ("", PLAIN),
        "普普通通": ("", PLAIN),
    }


@pytest.mark.parametrize(
    "name",
    [
        *("alice ", "alice\n", "alice\u3000", "\u2028alice", "al\tice", "\x1b[31mred", " ", "a\x85b"),
        *("alice\u200b", "al\u202eice", "alice\u200d", "ali\ufe0fce", "alice\u3164", "al  ice", "alice\xad", "\u2060"),
        *("cafe\u0301", "\uf900", "alice❤\u200d", "alice\U000e0041", "alice\ufff9"),
    ],
)
def test_a_folder_whose_name_reads_back_as_another_is_no_source(
    settings: Settings, deliver: Deliver, name: str
) -> None:
    by_folder = replace(settings, source_from="folder")
    deliver("alice/1.tsv", "text\tlabel\n湯頭很濃\t0\n")
    deliver(f"{name}/1.tsv", "text\tlabel\n等太久\t1\n")
    deliver(f"{name}/2.zip", zipped("a.tsv", "text\tlabel\n等太久\t1\n"))
    result = ingested(by_folder)
    assert [item["key"] for item in result["not_read"]] == [visible(f"{name}/{file}") for file in ("1.tsv", "2.zip")]
    assert all("folder" in item["reason"] and item["reason"].isprintable() for item in result["not_read"])
    with opened(settings.posts_database) as ledger:
        assert [(item.post.text, item.post.source) for item in ledger.posts()] == [("湯頭很濃", "alice")]
    assert ingested(settings)["accepted"] == 1  # where a column names the source, a folder's name says nothing


def test_ordinary_names_of_folders_are_sources(settings: Settings, deliver: Deliver) -> None:
    names = ["客服 部", "ptt-2026", "a.b", "café", "❤️", "👩\u200d💻", "❤️\u200d🔥"]
    for number, name in enumerate(names):
        deliver(f"{name}/1.tsv", f"text\tlabel\n好吃的第{number}家\t0\n")
    assert ingested(replace(settings, source_from="folder"))["not_read"] == []
    with opened(settings.posts_database) as ledger:
        assert {item.post.source for item in ledger.posts()} == set(names)


def zipped(name: str, content: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        target.writestr(name, content)
    return out.getvalue()
