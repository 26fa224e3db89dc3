"""Our own files of labelled posts."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.data.posts import read_posts
from sentiment.data.tsv import OPTIONAL, Post, one_line, write_posts, write_posts_for_people
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.text.cells import is_harmless

LABELS = Labels()
TEXTS = st.text(st.characters(exclude_categories=["Cs"])).map(one_line).filter(bool)
FIRST = [Post("好吃的麵", 0)]  # a file of a few letters of another script may be in any encoding
POSTS = st.lists(st.builds(Post, TEXTS, st.integers(0, 2), TEXTS | st.just(""), TEXTS | st.just(""))).map(FIRST.__add__)


@settings(max_examples=40)
@given(POSTS)
def test_posts_come_back_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, posts: list[Post]) -> None:
    path = tmp_path_factory.mktemp("posts") / "posts.tsv"
    write_posts(path, posts)
    assert read_posts(path, LABELS) == posts
    assert len(path.read_bytes().split(b"\n")) == len(posts) + 2  # header, a line a post, the end


ANY = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('"\t\r\n \u3000\x1c'), max_size=4)


@settings(max_examples=200)
@given(st.lists(st.builds(Post, ANY, st.integers(0, 2), ANY, ANY), max_size=5))
def test_lines_that_are_joined_are_what_csv_writes(tmp_path_factory: pytest.TempPathFactory, posts: list[Post]) -> None:
    path = tmp_path_factory.mktemp("posts") / "posts.tsv"
    for some in ([post] for post in posts):
        write_posts(path, some, OPTIONAL)
        wanted = io.StringIO(newline="")
        rows = [(post.text, str(post.label), post.title, post.source) for post in some]
        csv.writer(wanted, delimiter="\t", lineterminator="\n").writerows([map(one_line, row) for row in rows])
        assert path.read_bytes().decode().partition("\n")[2] == wanted.getvalue()


def test_one_row_of_many_that_needs_quotes_gets_them(tmp_path: Path) -> None:
    posts = [Post(f"第{number}篇" if number != 1_700 else '他說"好"', 0) for number in range(2_500)]
    assert write_posts(tmp_path / "posts.tsv", posts) == 2_500
    lines = (tmp_path / "posts.tsv").read_text(encoding="utf-8").splitlines()
    assert (lines[1], lines[1_701], lines[2_500]) == ("第0篇\t0", '"他說""好"""\t0', "第2499篇\t0")


@settings(max_examples=40)
@given(POSTS)
def test_posts_for_people_come_back_and_none_is_a_formula(
    tmp_path_factory: pytest.TempPathFactory, posts: list[Post]
) -> None:
    path = tmp_path_factory.mktemp("posts") / "posts.tsv"
    posts += [Post("=1+1", 0), Post("\\x3d", 1, "-2", "\u202e店")]
    write_posts_for_people(path, posts)
    assert read_posts(path, LABELS) == posts
    with path.open(encoding="utf-8", newline="") as handle:
        assert all(map(is_harmless, (cell for row in csv.reader(handle, delimiter="\t") for cell in row)))


def test_harmless_posts_for_people_are_written_as_all_others(tmp_path: Path) -> None:
    posts = [Post("好\n吃", 0), Post("壞", 1, source="店"), Post('他說"好"', 2)]
    write_posts(tmp_path / "programs.tsv", posts)
    write_posts_for_people(tmp_path / "people.tsv", posts)
    assert (tmp_path / "people.tsv").read_bytes() == (tmp_path / "programs.tsv").read_bytes()


def test_optional_columns_are_written_when_any_post_has_one(tmp_path: Path) -> None:
    path = tmp_path / "posts.tsv"
    write_posts(path, [Post("好", 0)])
    assert path.read_text("utf-8") == "text\tlabel\n好\t0\n"
    write_posts(path, [Post("好", 0), Post("壞", 1, title="標題")])
    assert path.read_text("utf-8") == "text\tlabel\ttitle\n好\t0\t\n壞\t1\t標題\n"


def test_a_line_break_in_a_text_becomes_a_space(tmp_path: Path) -> None:
    path = tmp_path / "posts.tsv"
    write_posts(path, [Post("一\r\n二\n三\r四\t五", 0)])
    assert path.read_text("utf-8") == "text\tlabel\n一 二 三 四 五\t0\n"


def test_labels_may_be_ids_names_or_english_and_other_columns_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes('\ufeffid,Label,TEXT\r\n7,負面,好爛\r\n8,positive,讚\r\n9,2,"嗯,還好"\r\n'.encode())
    assert read_posts(path, LABELS) == [Post("好爛", 1), Post("讚", 0), Post("嗯,還好", 2)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "header"),
        (b"\n\n", "header"),
        (b"text;label\na;0\n", "header"),
        (b"text\ttext\tlabel\na\tb\t0\n", "header"),
        (b"\xff\xfet\x00\n", "header"),
        (b"text\tlabel\n", "at least one labelled post"),
        (b"text\tlabel\na\t0\nb\t3\n", "line 3: unknown label '3'"),
        (b"text\tlabel\na\t0\n \t1\n", "line 3: empty text"),
        (b"text\tlabel\na\t0\nb\n", "line 3: unknown label|line 3: wrong number of columns: 1 instead of 2"),
        ("text\tlabel\n好吃\t0\n".encode() + b"\xff\t0\n", "line 3: not UTF-8"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "posts.tsv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=told) as error:
        read_posts(path, LABELS)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.tsv"):
        read_posts(tmp_path / "nothing.tsv", LABELS)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "posts.tsv"
    write_posts(path, [Post("好", 0)])
    with pytest.raises(UnicodeEncodeError):
        write_posts(path, [Post("\ud800", 0)])
    assert read_posts(path, LABELS) == [Post("好", 0)]
    assert [item.name for item in tmp_path.iterdir()] == ["posts.tsv"]


def test_the_delimiter_is_that_of_the_header_whatever_the_name_says(tmp_path: Path) -> None:
    for name, content in (("a.csv", "text\tlabel\n好,吃\t0\n"), ("b.tsv", 'label,text\n0,"好,吃"\n')):
        (tmp_path / name).write_text(content, encoding="utf-8")
        assert read_posts(tmp_path / name, LABELS) == [Post("好,吃", 0)]


def test_a_line_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    rows = "".join(f"服务非常好，下次还会再来第{number}次,0\n" for number in range(9)).encode("gb18030")
    path.write_bytes(b"text,label\n" + rows + "服務很差，再也不會來了,1\n".encode("big5"))
    with pytest.raises(InputError, match=r"in one encoding; found GB 18030, and in line 11 what need not be"):
        read_posts(path, LABELS)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "big5", "gb18030"])
def test_a_file_is_read_in_the_encoding_that_it_shows(tmp_path: Path, codec: str) -> None:
    posts = [Post("老闆很親切,下次還會再來這家店", 0), Post("等了一個小時,服務態度很差,不推薦", 1)] * 3
    rows = "".join(f'"{post.text}",{post.label}\r\n' for post in posts)
    path = tmp_path / "posts.csv"
    path.write_bytes(f"text,label\r\n{rows}".encode(codec))
    assert read_posts(path, LABELS) == posts


def test_an_encoding_that_is_not_certain_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes("text,label\n好,0\n".encode("gb18030"))
    with pytest.raises(InputError, match=r"posts\.csv must be text; found the encoding is not certain, could be"):
        read_posts(path, LABELS)
