"""Whose links a path follows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sentiment import links
from sentiment.errors import InputError


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A folder of strangers, beside one of a person's and a link of the person's to another one."""
    for name in ("theirs/in", "own", "disk/data"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "data").symlink_to("disk/data")
    return tmp_path / "theirs"


def test_a_persons_own_links_are_followed(theirs: Path, tmp_path: Path) -> None:
    (tmp_path / "also").symlink_to(tmp_path / "data/in")
    (tmp_path / "home").symlink_to(theirs)
    for name, end in {
        "data/posts.tsv": "disk/data/posts.tsv",
        "also/new": "disk/data/in/new",
        "home/in": "theirs/in",
        "data/../x": "disk/x",
    }.items():
        assert links.ends([tmp_path / name], [theirs], []) == [tmp_path / end]


@pytest.mark.parametrize("name", ["theirs/link", "theirs/link/new", "by/way/of/link", "theirs/in/../link", "mine"])
def test_a_strangers_link_leads_nowhere_else(name: str, theirs: Path, tmp_path: Path) -> None:
    (theirs / "link").symlink_to(tmp_path / "own")
    (tmp_path / "by/way").mkdir(parents=True)
    (tmp_path / "by/way/of").symlink_to(theirs)
    (tmp_path / "mine").symlink_to("theirs/link")
    with pytest.raises(InputError, match=f"found the link {theirs}/link, to {tmp_path}/own"):
        links.ends([tmp_path / name], [theirs], [theirs, tmp_path / "disk"])


def test_a_strangers_link_may_lead_to_what_may_be_used_anyway(theirs: Path, tmp_path: Path) -> None:
    (theirs / "latest").symlink_to("in")
    (theirs / "given").symlink_to(tmp_path / "own")
    asked = [theirs / "latest/a", theirs / "given/a", tmp_path / "own"]
    assert links.ends(asked, [theirs], [theirs]) == [theirs / "in/a", tmp_path / "own/a", tmp_path / "own"]


def test_a_ring_ends_and_what_the_kernel_links_is_left_to_it(theirs: Path, tmp_path: Path) -> None:
    (theirs / "ring").symlink_to("ring")
    (tmp_path / "in").symlink_to("/proc/self/fd/0")
    assert links.followed(theirs / "ring/a", []).end == theirs / "ring/a"
    assert links.followed(tmp_path / "in", [theirs]).end == Path("/proc/self/fd/0")
    (theirs / "out").symlink_to("/proc/self/cwd")
    with pytest.raises(InputError, match="found the link"):
        links.ends([theirs / "out"], [theirs], [theirs])


def test_what_is_opened_is_no_link_by_then(theirs: Path, tmp_path: Path) -> None:
    os.close(links.opened(theirs / "in"))
    (theirs / "in").rmdir()
    (theirs / "in").symlink_to(tmp_path / "disk")
    for name in ("in", "in/data", "gone"):
        before = [*Path("/proc/self/fd").iterdir()]
        with pytest.raises(OSError, match=r"symbolic links|Not a directory|No such file"):
            links.opened(theirs / name)
        assert len([*Path("/proc/self/fd").iterdir()]) == len(before)
