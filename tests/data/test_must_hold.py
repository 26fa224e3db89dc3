"""The cases that must hold: reading them, keeping their texts out of training, freezing them with a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sentiment.backup.contents import other_files
from sentiment.checks.check import check
from sentiment.data.identity import identity, identity_1
from sentiment.data.ingest import ingest
from sentiment.data.ledger import opened
from sentiment.data.mix import Mixing
from sentiment.data.must_hold import Case, file_of, lock_of, read_cases, read_rows, write_cases
from sentiment.data.posts import each_post, read_posts
from sentiment.data.prepare import prepare
from sentiment.data.tsv import Post, one_line
from sentiment.digests import sha256_of
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.results.deliveries import Prepare, TestFile
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings
from sentiment.text.invisible import is_blank

Deliver = Callable[[str, Any], Path]
Sides = Callable[..., list[str]]
LABELS = Labels()
HEADER = "text\tlabel\ttitle\tfixed\twhy\n"


def prepared(settings: Settings) -> tuple[Prepare, RunFolder]:
    run = RunFolder.named(settings, "night")
    return prepare(run, settings, "full", Mixing()), run


def texts(path: Path) -> set[str]:
    return {post.text for post in each_post(path, LABELS)}


def test_a_row_says_what_must_hold_and_what_may_not_change(tmp_path: Path) -> None:
    path = tmp_path / "cases.tsv"
    path.write_text(f"{HEADER}不是不好\tpositive\t餐廳\tYES\tticket 7\n不好\t1\t\t\t\n還行\t中立\n", "utf-8")
    assert read_cases(path, LABELS) == [
        Case(Post("不是不好", 0, "餐廳"), fixed=True, why="ticket 7"),
        Case(Post("不好", 1)),
        Case(Post("還行", 2)),
    ]


def test_text_and_label_are_enough_and_titles_make_other_cases(tmp_path: Path) -> None:
    path = tmp_path / "cases.tsv"
    path.write_text("label\ttext\n0\t好\n", "utf-8")
    assert read_cases(path, LABELS) == [Case(Post("好", 0))]
    path.write_text("text\tlabel\ttitle\n如預期\t0\t滿分\n如預期\t1\t踩雷\n如預期\t2\n", "utf-8")
    assert [case.post.label for case in read_cases(path, LABELS)] == [0, 1, 2]


def test_without_a_file_or_without_rows_there_are_no_cases(tmp_path: Path) -> None:
    assert read_cases(tmp_path / "none.tsv", LABELS) == []
    (tmp_path / "empty.tsv").write_text(HEADER, "utf-8")
    assert read_cases(tmp_path / "empty.tsv", LABELS) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (f"{HEADER}好\t7\n", "line 2: unknown label '7'"),
        (f"{HEADER}好\t0\n\u200b\t1\n", "line 3: empty text"),
        (f"{HEADER}好\t0\t\tmaybe\n", "line 2: 'maybe' in the column fixed, which says yes or nothing"),
        (f"{HEADER}好吃\t0\n\n好 吃\t1\n", "line 4: a text and title that came before"),
        (f"{HEADER}好\t0\t\t\t\t\t多\n", "line 2 7 columns instead of 5"),
        ("text\n好\n", "one column label; found 'text'"),
        ("text\tlabel\tfixed\tFixed\n好\t0\t\tyes\n", "one column fixed; found two"),
        ("", "one column text"),
    ],
)
def test_a_bad_row_is_one_clear_line(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "cases.tsv"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError) as refused:
        read_cases(path, LABELS)
    assert told in str(refused.value) and str(path) in str(refused.value) and "\n" not in str(refused.value)


def test_a_link_that_leads_nowhere_is_no_home_without_cases(tmp_path: Path) -> None:
    (tmp_path / "cases.tsv").symlink_to(tmp_path / "gone.tsv")
    with pytest.raises(InputError, match="No such file"):
        read_cases(tmp_path / "cases.tsv", LABELS)


WORDS = st.text(st.sampled_from("a好\"\\,=-' ;x3d\u200b\u202e\x00\r\n\t\ufeff"), min_size=1, max_size=8).map(one_line)
CASES = st.builds(Case, st.builds(Post, WORDS, st.integers(0, 2), WORDS, st.just("")), st.booleans(), WORDS)


@given(
    st.lists(CASES.filter(lambda case: not is_blank(case.post.text)), min_size=1, max_size=6, unique_by=lambda c: c.key)
)
@hypothesis_settings(max_examples=60, derandomize=True, deadline=None)
def test_what_is_written_is_read_and_no_cell_begins_a_formula(
    tmp_path_factory: pytest.TempPathFactory, cases: list[Case]
) -> None:
    path = tmp_path_factory.mktemp("cases") / "cases.tsv"
    write_cases(path, cases)
    assert read_cases(path, LABELS) == cases
    written = path.read_text("utf-8-sig")
    fields = [field.strip(' "') for line in written.splitlines() for field in line.split("\t")]
    assert not any(field.startswith(("=", "+", "-", "@")) for field in fields) and "\u202e" not in written


def test_a_home_without_cases_is_prepared_as_before(settings: Settings) -> None:
    result, run = prepared(settings)
    assert not result.tests.must_hold and not run.must_hold.exists() and result.excluded_leaks == 0


def test_the_run_keeps_a_copy_and_no_text_of_it_is_trained_or_delivered_for_testing(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    trained = read_posts(settings.base_data / "train.tsv", LABELS)[0].text
    new, *others = sides(False, 6)
    recent = sides(True, 1)[0]
    cases = [Case(Post(trained, 1)), Case(Post(f" {new} ", 0, "題"), fixed=True, why="=1"), Case(Post(recent, 2))]
    write_cases(file_of(settings), cases)
    deliver("1.tsv", [(text, index % 3) for index, text in enumerate([new, *others, recent])])
    ingest(settings.source_folder, settings)
    result, run = prepared(settings)
    assert result.excluded_leaks == 2
    assert result.tests.must_hold == TestFile(rows=3, sha256=sha256_of(run.must_hold))
    assert read_cases(run.must_hold, LABELS) == [
        case._replace(post=case.post._replace(text=case.post.text.strip())) for case in cases
    ]
    known = texts(run.train) | texts(run.batch) | texts(run.rolling)
    assert known.isdisjoint({trained, new, recent}) and known > set(others)
    file_of(settings).unlink()
    again, run = prepared(settings)
    assert not run.must_hold.exists() and again.excluded_leaks == 0
    assert {trained, new} < texts(run.train) and recent in texts(run.rolling)


def test_a_text_that_an_earlier_version_knows_by_its_words_alone_stays_out_too(
    settings: Settings, deliver: Deliver
) -> None:
    settings = replace(settings, rolling_share=0.0)
    deliver("1.tsv", [("店員非常親切?", 0), ("另一篇文章", 1)])
    ingest(settings.source_folder, settings)
    with opened(settings.posts_database) as ledger, ledger.writing() as connection:
        row = connection.execute("SELECT row FROM posts WHERE identity = ?", (key("店員非常親切?"),)).fetchone()[0]
        connection.execute(
            "INSERT INTO earlier (identity, row, rolling) VALUES (?, ?, 0)",
            (bytes.fromhex(identity_1("店員非常親切")), row),
        )
    write_cases(file_of(settings), [Case(Post("店員非常親切!", 0))])
    result, run = prepared(settings)
    assert result.excluded_leaks == 1 and "店員非常親切?" not in texts(run.train) and "另一篇文章" in texts(run.train)


def key(text: str) -> bytes:
    return bytes.fromhex(identity(text))


def test_a_bad_row_stops_the_run_before_any_file(settings: Settings) -> None:
    file_of(settings).write_text("text\tlabel\n好\t9\n", "utf-8")
    with pytest.raises(InputError, match="line 2: unknown label '9'"):
        prepared(settings)
    assert not RunFolder.named(settings, "night").path.exists()


def test_a_forgotten_text_that_came_back_with_a_copy_of_the_file_is_not_asked(settings: Settings) -> None:
    write_cases(file_of(settings), [Case(Post("刪掉我吧拜託你們", 0)), Case(Post("留下", 1))])
    with opened(settings.posts_database) as ledger, ledger.writing() as connection:
        forgotten = "INSERT INTO forgotten (identity, at, reason, version) VALUES (?, '', '', 2)"
        connection.execute(forgotten, (key("刪掉我吧拜託你們"),))
    result, run = prepared(settings)
    assert read_cases(run.must_hold, LABELS) == [Case(Post("留下", 1))]
    assert result.tests.must_hold and result.tests.must_hold.rows == 1


def test_training_rows_that_are_nearly_a_case_are_told(settings: Settings, deliver: Deliver) -> None:
    deliver("1.tsv", [("這間餐廳的牛肉麵真的非常好吃推薦給大家喔", 0), ("完全不相關的另一篇文章在這裡", 1)])
    ingest(settings.source_folder, replace(settings, rolling_share=0.0))
    write_cases(file_of(settings), [Case(Post("這間餐廳的牛肉麵真的非常好吃推薦給大家", 0))])
    result, run = prepared(settings)
    run.write(result)
    found = next(one for one in check(run, settings).checks if one.name == "near_test")
    assert found.value == 0.5


def test_a_backup_holds_the_cases_and_no_lock(settings: Settings) -> None:
    write_cases(file_of(settings), [Case(Post("好", 0))])
    lock_of(settings).touch()
    kept = list(other_files(settings))
    assert file_of(settings) in kept and lock_of(settings) not in kept


def test_a_file_of_cases_keeps_the_columns_of_its_people(tmp_path: Path) -> None:
    path = tmp_path / "cases.tsv"
    path.write_text("pair\ttext\tlabel\n7\t好\t0\n", "utf-8")
    columns, rows = read_rows(path)
    assert columns == ["pair", "text", "label"] and rows == [(2, {"pair": "7", "text": "好", "label": "0"})]
