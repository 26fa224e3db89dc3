"""The mixing rule: the reference's examples, its edges, and what must hold whatever the counts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.cli import run
from sentiment.data.identity import identity
from sentiment.data.mix import Mixing, mix, mixing_plan
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post, write_posts
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.results.deliveries import MixPlan

PLENTY = [10**30] * 3
COUNTS = st.lists(st.integers(0, 5_000), min_size=2, max_size=5)


@pytest.mark.parametrize(
    ("new", "mix_number", "digits", "added"),
    [
        # The two examples of the tool that this one replaces.
        ([0, 1, 489], 0, 3, [1000, 1000, 500]),
        ([0, 1, 489], 100, 3, [100, 100, 100]),
        # Half is rounded up, to a multiple of 10^(D-1); 999 rows need none.
        ([950, 949, 951], 0, 3, [100, 100, 0]),
        ([50, 150, 999], 0, 3, [1000, 900, 0]),
        ([0, 0, 0], 0, 3, [1000, 1000, 1000]),
        ([4, 5, 6], 0, 1, [6, 5, 4]),
        ([44, 45, 46], 0, 2, [60, 60, 50]),
        # From one digit more on: the least common multiple of the counts that are not zero.
        ([1000, 500, 250], 0, 3, [0, 500, 750]),
        ([1000, 1500, 700], 0, 3, [20_000, 19_500, 20_300]),
        ([1000, 0, 500], 0, 3, [0, 1000, 500]),
        ([1200, 0, 0], 0, 3, [0, 1200, 1200]),
        ([10, 4, 0], 0, 1, [10, 16, 20]),
        ([1009, 1013, 1019], 0, 3, [1_041_536_214, 1_041_536_210, 1_041_536_204]),
        # A number that is asked for wins over everything.
        ([5000, 0, 3], 7, 3, [7, 7, 7]),
    ],
)  # fmt: skip
def test_the_rule(new: list[int], mix_number: int, digits: int, added: list[int]) -> None:
    result = [count + more for count, more in zip(new, added, strict=True)]
    assert mixing_plan(new, PLENTY, mix_number, digits) == MixPlan(added, PLENTY, added, result)


def test_never_more_than_there_is() -> None:
    plan = mixing_plan([0, 1, 489], [3, 0, 10_000], 0, 3)
    assert plan == MixPlan(wanted=[1000, 1000, 500], available=[3, 0, 10_000], added=[3, 0, 500], result=[3, 1, 989])


@given(COUNTS, st.data(), st.integers(0, 50), st.integers(1, 5))
def test_what_always_holds(new: list[int], data: st.DataObject, mix_number: int, digits: int) -> None:
    available = data.draw(st.lists(st.integers(0, 3_000), min_size=len(new), max_size=len(new)))
    plan = mixing_plan(new, available, mix_number, digits)
    for label, count in enumerate(new):
        assert plan.wanted[label] >= 0
        assert plan.added[label] == min(plan.wanted[label], available[label])
        assert plan.result[label] == count + plan.added[label]
    filled = [count + wanted for count, wanted in zip(new, plan.wanted, strict=True)]
    if mix_number:
        assert plan.wanted == [mix_number] * len(new)
    elif all(len(str(count)) <= digits for count in new):
        unit = 10 ** (digits - 1)
        assert all(wanted % unit == 0 for wanted in plan.wanted)
        # A class ends within half a unit of 10^D.
        assert all(-unit < 2 * (total - 10**digits) <= unit for total in filled)
    else:
        assert len(set(filled)) == 1
        assert all(filled[0] % count == 0 for count in new if count)
        assert all(any(total % count for count in new if count) for total in range(max(new), min(filled[0], 20_000)))


def test_other_numbers_of_labels_than_available_are_a_defect() -> None:
    with pytest.raises(ValueError, match="zip"):
        mixing_plan([1, 2, 3], [1, 2], 0, 3)


def count_labels(posts: list[Post]) -> list[int]:
    return [sum(post.label == label for post in posts) for label in range(3)]


def old_posts(number: int) -> list[Post]:
    return [Post(f"這是一篇夠長的舊文章,它是第{index}篇,足足有二十個字以上", index % 3) for index in range(number)]


def test_mixed_rows_are_the_new_ones_and_a_draw_without_replacement() -> None:
    old, new = old_posts(90), [Post("新", 0), Post("新文章", 2)]
    rows, plan = mix(old, new, 3, Mixing(mix_number=10))
    assert plan.added == [10, 10, 10]
    assert count_labels(rows) == plan.result == [11, 10, 11]
    assert {post.text for post in new} <= {post.text for post in rows} <= {post.text for post in old + new}
    assert len({post.text for post in rows}) == len(rows) == 32


def test_the_seed_decides_the_draw_and_the_order() -> None:
    old, new = old_posts(90), [Post("新", 0)]
    first, again, other = (mix(old, new, 3, Mixing(mix_number=10, seed=seed))[0] for seed in (1, 1, 2))
    assert first == again
    assert set(first) != set(other)


TEXTS = st.sampled_from([f"{'很' * length}長的文章{name}" for length in (1, 30) for name in "甲乙丙丁戊"])
POSTS = st.lists(st.builds(Post, TEXTS, st.integers(0, 2), st.sampled_from(["", "標題"])), max_size=12)


@given(POSTS, POSTS, st.integers(0, 4), st.integers(0, 99))
def test_what_is_mixed_is_what_the_rule_says(old: list[Post], new: list[Post], number: int, seed: int) -> None:
    rows, plan = mix(old, new, 3, Mixing(mix_number=number, seed=seed))
    taken = {identity(post.text) for post in new}
    pool = [post for post in old if len(post.text) >= 20 and identity(post.text) not in taken]
    assert plan == mixing_plan(count_labels(new), count_labels(pool), number, 3)
    added = Counter(rows) - Counter(new)
    assert Counter(new) <= Counter(rows)
    assert added <= Counter(pool)
    assert [sum(count for post, count in added.items() if post.label == label) for label in range(3)] == plan.added


def test_every_old_row_has_the_same_chance_and_place() -> None:
    old = old_posts(30)
    drawn: Counter[str] = Counter()
    first: Counter[bool] = Counter()
    for seed in range(150):
        rows, _ = mix(old, [Post(f"新{index}", 0) for index in range(15)], 3, Mixing(mix_number=5, seed=seed))
        drawn.update(post.text for post in rows if not post.text.startswith("新"))
        first[rows[0].text.startswith("新")] += 1
    # 75 of 150 are expected for each of the 30 rows, and of the first places: six standard deviations are 37.
    assert len(drawn) == 30
    assert all(38 < count < 112 for count in drawn.values())
    assert 38 < first[True] < 112


def test_short_old_posts_and_those_that_came_again_are_no_candidates() -> None:
    old = [
        Post("短", 0),
        Post("這一篇舊文章剛剛好夠長,可以拿來混合。", 0),
        Post("這一篇舊文章今天又來了一次,標籤也改過了。", 1),
    ]
    new = [Post("這一篇舊文章今天又來了一次，標籤也改過了 。", 2)]
    rows, plan = mix(old, new, 3, Mixing(minimum_content_length=19))
    assert plan.available == [1, 0, 0]
    assert identity(old[1].text) in {identity(post.text) for post in rows}
    assert len(rows) == 2
    assert mix(old, new, 3, Mixing(minimum_content_length=0))[1].available == [2, 0, 0]


@pytest.mark.parametrize("wrong", [{"mix_number": -1}, {"minimum_content_length": -1}, {"maximum_digits": 0}])
def test_an_impossible_option_is_named(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong)).replace("_", "-")):
        Mixing(**wrong)


def test_the_verb_mixes_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_posts(tmp_path / "old.tsv", old_posts(60))
    write_posts(tmp_path / "new.tsv", [Post("新的一篇", 1)])
    options = ["--old", str(tmp_path / "old.tsv"), "--new", str(tmp_path / "new.tsv"), "--mix-number", "5"]
    assert run(["mix", *options, "--output", str(tmp_path / "mixed.tsv")]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["added"], result["available"], result["rows"]) == ([5, 5, 5], [20, 20, 20], 16)
    assert count_labels(read_posts(tmp_path / "mixed.tsv", Labels())) == result["result"] == [5, 6, 5]


@pytest.mark.parametrize("options", [["--mix-number", "-1"], ["--maximum-digits", "0"], ["--old", "nothing.tsv"]])
def test_the_verb_refuses_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    for name in ("old", "new"):
        write_posts(tmp_path / f"{name}.tsv", old_posts(3))
    files = [f"--{name}={tmp_path / name}.tsv" for name in ("old", "new", "output")]
    assert run(["mix", *files, *options]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "output.tsv").exists()
