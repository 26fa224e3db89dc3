"""Which lines of a corpus count, and what is said of those that do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.errors import InputError, NoSuchFile
from sentiment.pretraining.corpus import chosen, hash_of, read_corpus
from sentiment.pretraining.lines import LONGEST, Read, posts_of, require_readable

POSTS = [f"第 {number} 則貼文，說這家店好吃" for number in range(3000)]


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def as_lines(posts: list[str]) -> bytes:
    return "".join(f"{post}\n" for post in posts).encode()


def test_every_line_is_counted_once(tmp_path: Path) -> None:
    lines = [*POSTS, "", "   ", POSTS[0], f" {POSTS[1]}　", "長" * LONGEST, POSTS[2].upper()]
    one, two = written(tmp_path / "a.txt", as_lines(lines)), written(tmp_path / "b.txt", as_lines(POSTS[:50]))
    corpus = read_corpus([one, two], [POSTS[7], POSTS[8], POSTS[8], "nobody said this"])
    found = corpus.counted
    assert (found.lines, found.empty, found.too_long) == (3056, 2, 1)
    assert (found.repeated, found.of_tests) == (53, 2)
    assert found.learnt + found.held_out == 2998
    assert 5 < found.held_out < 90
    posts = list(corpus.posts())
    assert len(posts) == 2998 and POSTS[7] not in {post for post, _ in posts}
    assert sum(held_out for _, held_out in posts) == found.held_out


def test_a_text_that_is_held_out_is_so_in_any_order(tmp_path: Path) -> None:
    forwards, backwards = (
        {post for post, held_out in read_corpus([written(tmp_path / name, as_lines(posts))], []).posts() if held_out}
        for name, posts in (("a", POSTS), ("b", POSTS[::-1]))
    )
    assert forwards == backwards


@given(st.lists(st.integers(0, 40), max_size=60), st.lists(st.integers(0, 40), max_size=10))
def test_a_post_is_learnt_from_once_and_never_if_it_is_a_test(numbers: list[int], tests: list[int]) -> None:
    hashes = np.array([hash_of(str(number)) for number in numbers], np.uint64)
    use, repeated, of_tests = chosen(hashes, np.array([hash_of(str(number)) for number in tests], np.uint64))
    used = [number for number, one in zip(numbers, use, strict=True) if one]
    assert sorted(used) == sorted(set(numbers) - set(tests))
    assert len(used) + repeated + of_tests == len(numbers)


def test_a_line_of_any_length_is_passed_over_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    with path.open("wb") as handle:
        handle.write(b"before\n")
        for _ in range(40):
            handle.write("長".encode() * 100_000)
        handle.write(b"\nafter\n" + b"x" * (LONGEST + 1))
    read = Read()
    assert list(posts_of([path], read)) == ["before", "after"]
    assert (read.lines, read.too_long, read.empty) == (4, 2, 0)


def test_bytes_that_are_no_utf8_are_one_line_with_the_place(tmp_path: Path) -> None:
    path = written(tmp_path / "big5.txt", "好吃\n".encode() + "難吃\n".encode("big5"))
    with pytest.raises(
        InputError, match=r"UTF-8 text with one post a line; found the byte 0x.. in line 2 of .*big5.txt"
    ):
        list(posts_of([path], Read()))
    assert list(posts_of([written(tmp_path / "bom.txt", b"\xef\xbb\xbf" + "好".encode())], Read())) == ["好"]


@pytest.mark.parametrize("content", [b"", b"\n\n\n", as_lines(["好吃"] * 500), as_lines(POSTS[:20])])
def test_a_corpus_of_hardly_anything_is_refused_with_its_counts(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match="at least 30 different posts that stand in no test set; found"):
        read_corpus([written(tmp_path / "corpus.txt", content)], [])
    with pytest.raises(NoSuchFile):
        require_readable([tmp_path / "none.txt"])


@pytest.mark.parametrize("change", ["more", "less", "other", "gone"])
def test_a_corpus_that_changes_while_it_is_learnt_from_is_one_line(tmp_path: Path, change: str) -> None:
    path = written(tmp_path / "a.txt", as_lines(POSTS))
    corpus = read_corpus([path], [POSTS[7]])
    assert len(list(corpus.posts())) == 2999
    posts = corpus.posts()
    next(posts)
    if change == "gone":
        path.unlink()
    else:
        changed = {"more": [*POSTS, "新的"], "less": POSTS[:40], "other": [*POSTS[1:], POSTS[0]]}[change]
        written(tmp_path / "new.txt", as_lines(changed)).replace(path)
    for again in (posts, corpus.posts()):
        with pytest.raises(InputError, match=r"a corpus must stay as it is while it is learnt from; found a change in"):
            list(again)


def test_a_file_that_is_gone_between_the_look_and_the_reading_is_one_line(tmp_path: Path) -> None:
    files = [tmp_path / "first.txt", tmp_path / "second.txt"]
    for path in files:
        path.write_text("好\n" * 20, encoding="utf-8")
    require_readable(files)
    files[1].unlink()
    with pytest.raises(NoSuchFile, match=r"second\.txt.*must stay as it is"):
        read_corpus(files, [])
