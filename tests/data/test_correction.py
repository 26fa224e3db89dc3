"""Corrections: one by one, under a lock, and never one that was deleted on request."""

from __future__ import annotations

import csv
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.evaluations import held_cases, make_evaluation

from sentiment import atomic
from sentiment.data import correction
from sentiment.data.must_hold import Case, file_of, lock_of, of_home, read_cases, read_rows, write_cases
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.gate.must_hold import checks
from sentiment.lineage.forget import forget
from sentiment.lineage.texts import Texts
from sentiment.results.evaluation import Evaluation
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings

SECRET = "請把我這篇文章刪掉，我的電話是零九一二三四五六"


def given(settings: Settings, text: str = "好", label: str = "0", title: str = "", why: str = "user 17") -> Case:
    return correction.case_of(settings, text, label, title, fixed=False, why=why)


def test_a_case_is_added_or_takes_the_place_of_the_same_one(settings: Settings) -> None:
    assert not correction.add(settings, given(settings, "好吃"))
    assert not correction.add(settings, given(settings, "難吃", "負面"))
    assert not correction.add(settings, given(settings, "好吃", "1", title="反話"))
    assert correction.add(settings, given(settings, "好 吃", "2", why="again")), "the same text, written otherwise"
    assert of_home(settings) == [
        Case(Post("好 吃", 2), why="again"),
        Case(Post("難吃", 1), why="user 17"),
        Case(Post("好吃", 1, "反話"), why="user 17"),
    ]


def test_other_rows_and_columns_stay_and_no_cell_is_a_formula(settings: Settings) -> None:
    file_of(settings).write_text("pair\ttext\tlabel\n7\t好\t0\n=8\t壞\t1\n", "utf-8")
    correction.add(settings, given(settings, "好", "2"))
    correction.add(settings, given(settings, '=HYPERLINK("http://evil.example")', "1", title="@x", why="+1\u202e"))
    columns, rows = read_rows(file_of(settings))
    assert "pair" in columns
    assert [(row["pair"], row["text"], row["label"]) for _, row in rows] == [
        ("7", "好", "2"),
        ("=8", "壞", "1"),
        ("", '=HYPERLINK("http://evil.example")', "1"),
    ]
    with file_of(settings).open(encoding="utf-8-sig", newline="") as handle:
        cells = [cell for row in csv.reader(handle, delimiter="\t") for cell in row]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    assert "\u202e" not in file_of(settings).read_text("utf-8")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"text": " \u200b"}, "--text must be a text"),
        ({"why": ""}, "--why must be a text of at most 10,000 characters; found nothing that can be read"),
        ({"label": "9"}, "--label must be one of the labels 0 正面 · 1 負面 · 2 中立; found '9'"),
        ({"text": "長" * 10_001}, "found 10,001 characters"),
        ({"title": "\udc80"}, "--title must be a text of at most 10,000 characters; found bytes that are not UTF-8"),
    ],
)
def test_what_is_no_case_is_one_clear_line(settings: Settings, wrong: dict[str, str], told: str) -> None:
    with pytest.raises(InputError) as refused:
        given(settings, **wrong)
    assert told in str(refused.value) and "\n" not in str(refused.value)


def test_a_file_with_a_bad_row_is_left_as_it_is(settings: Settings) -> None:
    file_of(settings).write_text("text\tlabel\n好\t7\n", "utf-8")
    with pytest.raises(InputError, match="line 2: unknown label '7'"):
        correction.add(settings, given(settings))
    assert file_of(settings).read_text("utf-8") == "text\tlabel\n好\t7\n"


def test_corrections_of_many_people_at_once_are_all_kept(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda number: correction.add(settings, given(settings, f"第{number}篇")), range(24)))
    assert {case.post.text for case in of_home(settings)} == {f"第{number}篇" for number in range(24)}


@pytest.mark.parametrize("place", ["text", "title", "why"])
def test_a_text_that_was_deleted_on_request_is_refused(settings: Settings, place: str) -> None:
    forget(Texts([SECRET]), "a request", settings, write=True)
    with pytest.raises(InputError, match="deleted on request") as refused:
        correction.add(settings, given(settings, **{place: SECRET}))
    assert SECRET not in str(refused.value) and not file_of(settings).exists()


def test_forgetting_waits_for_a_correction_so_that_none_writes_a_text_back(settings: Settings) -> None:
    write_cases(file_of(settings), [Case(Post(SECRET, 0)), Case(Post("留下", 1))])
    with atomic.exclusive_lock(lock_of(settings)):
        before = file_of(settings).read_bytes()
        forgetting = threading.Thread(target=forget, args=(Texts([SECRET]), "a request", settings, True))
        forgetting.start()
        time.sleep(0.3)
        file_of(settings).write_bytes(before)  # what was read before is written back, as a correction does
    forgetting.join(20)
    assert [case.post.text for case in of_home(settings)] == ["留下"]


def test_forgetting_takes_out_a_case_whose_reason_quotes_the_text_and_leaves_the_others(settings: Settings) -> None:
    quoting = Case(Post("這樣不好", 1), why=f"someone wrote {SECRET}")
    kept = Case(Post("這樣很好", 0), fixed=True, why="=1")
    write_cases(file_of(settings), [quoting, kept, Case(Post(f"={SECRET}", 2)), Case(Post(SECRET, 2, title="題"))])
    would = forget(Texts([SECRET, f"={SECRET}"]), "a request", settings, write=False)
    assert [item["number"] for item in would["files"]] == [3] and len(of_home(settings)) == 4
    done = forget(Texts([SECRET, f"={SECRET}"]), "a request", settings, write=True)
    assert of_home(settings) == [kept] and done["remaining"] == []


def test_forgetting_reaches_the_copies_of_a_run_and_the_gate_still_reads_what_is_left(settings: Settings) -> None:
    run = RunFolder.named(settings, "night")
    write_cases(run.must_hold, [Case(Post(SECRET, 0)), Case(Post("留下", 1))])
    found = make_evaluation([330] * 3, [330] * 3) | {"must_hold": held_cases(SECRET, "留下", f"{SECRET}，謝謝")}
    atomic.write_json(run.result("evaluate"), found)
    forget(Texts([SECRET]), "a request", settings, write=True)
    assert read_cases(run.must_hold, settings.label_set) == [Case(Post("留下", 1))]
    left = run.read(Evaluation).must_hold
    assert left and [case.text for case in left.broken] == ["留下"]
    assert [check.name for check in checks(run.read(Evaluation), 0.2)] == ["must_hold_fixed", "must_hold"]
