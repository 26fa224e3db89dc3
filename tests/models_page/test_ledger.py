"""A line of the history that is none costs a notice, never the rest."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import models_page_homes as homes

from sentiment.models_page.ledger import Ledger, parse, read_ledger
from sentiment.serving.rules import fold


def lines(*events: object) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def test_a_whole_history_has_its_state_and_no_notice(tmp_path: Path) -> None:
    events = homes.three_versions()
    ledger = read_ledger(homes.write_history(tmp_path, events))
    assert (ledger.state.stable, ledger.state.canary, ledger.notices) == (2, 3, ())
    assert ledger.state == fold(homes.typed(events)) and len(ledger.events) == len(events)


def test_no_history_is_an_empty_one(tmp_path: Path) -> None:
    ledger = read_ledger(tmp_path / "none.jsonl")
    assert ledger.events == () and ledger.notices == () and ledger.state.labels == {}


def test_a_folder_in_its_place_is_a_notice(tmp_path: Path) -> None:
    assert "cannot be read" in read_ledger(tmp_path).notices[0]


def test_a_torn_last_line_is_told_and_left_out() -> None:
    ledger = parse(lines(*homes.steps(1, None)) + '{"event": "publi')
    assert ledger.state.stable == 1 and len(ledger.events) == 4
    assert len(ledger.notices) == 1 and "torn" in ledger.notices[0]


@pytest.mark.parametrize("garbage", ["\x00\x01", "[1, 2]", "null", "{", "[" * 100_000, '"<script>"', "{}"])
def test_garbage_between_the_lines_is_told_with_its_number(garbage: str) -> None:
    first, *rest = homes.three_versions()
    ledger = parse(lines(first) + garbage + "\n" + lines(*rest))
    assert (ledger.state.stable, ledger.state.canary) == (2, 3)
    assert "Line 2" in ledger.notices[0] and "refuses" in ledger.notices[-1]


def test_an_event_that_cannot_follow_is_passed_over_and_still_listed() -> None:
    events = homes.three_versions()
    ledger = parse(lines(*events[:4], homes.event("promoted", 77), *events[4:]))
    assert (ledger.state.stable, ledger.state.canary) == (2, 3)
    assert "Line 5" in ledger.notices[0] and len(ledger.events) == len(events) + 1


def test_of_many_bad_lines_a_few_are_told() -> None:
    ledger = parse("garbage\n" * 500)
    assert len(ledger.notices) == 12 and "490 more" in ledger.notices[10]


def test_a_history_that_grows_is_read_as_it_would_be_anew(tmp_path: Path) -> None:
    events = [*homes.three_versions(), *homes.long_history(60)]  # the second half may not follow: versions grow
    for end in (0, 1, 4, 5, 11, 12, 200, 13, len(events)):
        path = homes.write_history(tmp_path, events[:end])
        assert read_ledger(path) == parse(lines(*events[:end]))
    for rest in ("garbage\n", '{"torn', "\n", ""):
        path = homes.write_history(tmp_path, events[:11])
        read_ledger(path)
        path = homes.write_history(tmp_path, events[:11], rest)
        assert read_ledger(path) == parse(lines(*events[:11]) + rest)


def test_a_history_that_did_not_change_is_not_read_again_damaged_or_not(tmp_path: Path) -> None:
    for rest in ("", "garbage\n"):
        path = homes.write_history(tmp_path, homes.three_versions(), rest)
        assert read_ledger(path) is read_ledger(path)


def test_a_change_that_keeps_size_time_and_inode_is_seen(tmp_path: Path) -> None:
    events = homes.three_versions()
    path = homes.write_history(tmp_path, events)
    before, read = path.stat(), read_ledger(path)
    events[2]["who"] = "bob"  # as long as ann
    homes.write_history(tmp_path, events)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size and path.stat().st_ino == before.st_ino
    assert read_ledger(path).events[2].who == "bob" and read.events[2].who == "ann"


def test_who_reads_while_others_write_sees_some_state_that_there_was(tmp_path: Path) -> None:
    """The page's requests run in several threads, and the history grows meanwhile."""
    events = homes.long_history(40)
    path = homes.write_history(tmp_path, events[:1])
    states = {end: fold(homes.typed(events[:end])) for end in range(1, len(events) + 1)}

    def look(_: int) -> list[Ledger]:
        return [read_ledger(path) for _ in range(60)]

    with ThreadPoolExecutor(4) as pool:
        looks = pool.map(look, range(4))
        with path.open("a", encoding="utf-8") as history:
            for event in events[1:]:
                history.write(lines(event))
                history.flush()
        seen = [ledger for found in looks for ledger in found if not ledger.notices]  # but half a line
    assert seen and all(ledger.state == states[len(ledger.events)] for ledger in seen)
    assert all(list(ledger.events) == homes.typed(events[: len(ledger.events)]) for ledger in seen)
    assert read_ledger(path).state == states[len(events)]


def test_a_history_that_was_mended_by_hand_is_read_anew(tmp_path: Path) -> None:
    events = homes.three_versions()
    read_ledger(homes.write_history(tmp_path, events))
    events[2]["who"] = "bob"
    assert read_ledger(homes.write_history(tmp_path, events)).events[2].who == "bob"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    ["event", "version", "at", "who", "why", "from", "to", "data", "metrics", "run", "size", "stable"]
)
kinds = st.sampled_from(["published", "staged", "canary", "promoted", "adopted", "rolled_back", "withdrawn", "x"])


@given(
    st.lists(st.dictionaries(names, values, max_size=6) | st.builds(homes.event, kinds, st.integers(1, 3)), max_size=6)
)
def test_no_event_whatever_raises(events: list[object]) -> None:
    ledger = parse(lines(*events))
    assert len(ledger.events) <= len(events)
