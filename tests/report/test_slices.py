from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.results import in_json

from sentiment.data.tsv import Post
from sentiment.report import slices as module
from sentiment.report.slices import FEWEST_ROWS, NO_MARKER, SOURCES_SHOWN, length, marker

slices = in_json(module.slices)
POSTS = st.builds(
    Post,
    text=st.text(min_size=1, max_size=80) | st.sampled_from(["推:好", "噓 爛", "→ 嗯"]),
    label=st.integers(0, 2),
    title=st.sampled_from(["", "心得"]),
    source=st.text(max_size=3),
)


def groups_of(posts: list[Post], right: list[bool] | None = None) -> dict[str, dict[str, dict[str, object]]]:
    found = slices(posts, np.array(right if right is not None else [True] * len(posts)))
    return {group["group"]: {item["name"]: item for item in group["slices"]} for group in found}


@given(st.lists(st.tuples(POSTS, st.booleans()), min_size=1, max_size=40))
def test_every_row_is_in_one_slice_of_each_group(rows: list[tuple[Post, bool]]) -> None:
    posts, right = [post for post, _ in rows], np.array([hit for _, hit in rows])
    found = slices(posts, right)
    assert found[0]["group"] == "length"
    for group in found:
        assert sum(item["rows"] for item in group["slices"]) == len(posts)
        assert sum(item["correct"] for item in group["slices"]) == int(right.sum())
        assert len({item["name"] for item in group["slices"]}) == len(group["slices"])
        for item in group["slices"]:
            if item["rows"]:
                assert 0 <= item["low"] <= item["accuracy"] <= item["high"] <= 1
            else:
                assert item["accuracy"] is item["low"] is item["high"] is item["notable"] is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("推:好吃", "推"),
        ("推：好吃", "推"),
        ("推 好吃", "推"),
        ("  噓: 爛", "噓"),
        ("→:補充", "→"),
        ("→補充", "→"),
        ("推薦這家", NO_MARKER),
        ("噓聲四起", NO_MARKER),
        ("我推:這家", NO_MARKER),
        ("推", NO_MARKER),
    ],
)
def test_a_marker_is_followed_by_a_colon_or_a_space(text: str, expected: str) -> None:
    assert marker(Post(text, 0)) == expected


def test_the_cuts_of_length() -> None:
    names = [length(Post("字" * count, 0)) for count in (1, 20, 21, 60, 61)]
    assert names[0] == names[1] != names[2] == names[3] != names[4]


def test_only_groups_that_mean_something_are_there() -> None:
    assert list(groups_of([Post("好", 0)])) == ["length"]
    assert list(groups_of([Post("推:好", 0, "心得", "ptt")])) == ["length", "title", "marker", "source"]


def test_an_empty_slice_is_listed_without_figures() -> None:
    found = groups_of([Post("好", 0)])["length"]
    assert [item["rows"] for item in found.values()] == [1, 0, 0]


def test_a_slice_is_notable_when_the_whole_is_outside_its_interval() -> None:
    posts = [Post("短", 0)] * 100 + [Post("長" * 70, 0)] * 100
    found = groups_of(posts, [True] * 95 + [False] * 5 + [True] * 60 + [False] * 40)["length"]
    assert [item["notable"] for item in found.values()] == ["better", None, "worse"]


def test_a_few_rows_are_never_notable() -> None:
    few = FEWEST_ROWS - 1
    posts = [Post("短", 0)] * 1000 + [Post("長" * 70, 0)] * few
    assert list(groups_of(posts, [True] * 1000 + [False] * few)["length"].values())[2]["notable"] is None


def test_many_sources_are_put_together() -> None:
    posts = [Post("好", 0, source=f"board {number}") for number in range(40) for _ in range(40 - number)]
    found = groups_of(posts)["source"]
    assert len(found) == SOURCES_SHOWN + 1
    assert [*found][-1] == "28 other sources"
    assert found["board 0"]["rows"] == 40


def test_posts_without_a_source_are_a_slice_beside_the_others() -> None:
    assert [*groups_of([Post("好", 0), Post("好", 0), Post("好", 0, source="ptt")])["source"]] == [
        "no source given",
        "ptt",
    ]


def test_sources_that_look_alike_are_one_slice() -> None:
    found = groups_of([Post("好", 0, source="p\u200btt"), Post("好", 0, source="ptt")])["source"]
    assert [(name, item["rows"]) for name, item in found.items()] == [("ptt", 2)]
