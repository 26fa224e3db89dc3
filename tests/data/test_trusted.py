"""Sources that are not trusted: nothing of theirs is tested on, and nothing that was tested on is ever trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sentiment.data.ingest import ingest
from sentiment.data.mix import Mixing
from sentiment.data.posts import each_post
from sentiment.data.prepare import prepare
from sentiment.data.trusted import is_one_of
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings

Deliver = Callable[[str, Any], Path]
Sides = Callable[..., list[str]]


def take_in(settings: Settings, deliver: Deliver, name: str, source: str, rows: list[str]) -> None:
    deliver(name, "text\tlabel\tsource\n" + "".join(f"{text}\t1\t{source}\n" for text in rows))
    ingest(settings.source_folder, settings)


def files(settings: Settings) -> tuple[set[str], set[str], set[str]]:
    """Returns the texts that a run trains on, tests on, and tests on for the first time."""
    run = RunFolder.named(settings, "night")
    prepare(run, settings, "full", Mixing())
    found = (set(run_texts(path, settings)) for path in (run.train, run.rolling, run.new_tests))
    trained, tested, newly_tested = found
    return trained, tested, newly_tested


def run_texts(path: Path, settings: Settings) -> list[str]:
    has_rows = len(path.read_bytes().splitlines()) > 1
    return [post.text for post in each_post(path, settings.label_set)] if has_rows else []


def test_an_empty_list_trusts_everybody_and_another_one_only_those_it_names(settings: Settings) -> None:
    assert is_one_of("論壇", settings.trusted_sources) and is_one_of("", settings.trusted_sources)
    some = read_settings({"SENTIMENT_TRUSTED_SOURCES": "標註組, 客服"}).trusted_sources
    assert [is_one_of(name, some) for name in ("標註組", "客服", "論壇", "")] == [
        True,
        True,
        False,
        False,
    ]


def test_rows_of_other_sources_are_trained_on_and_never_tested_on(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    some = replace(settings, trusted_sources=("標註組",))
    first, second, unnamed = (sides(True, 4, word=word) for word in ("標", "壇", "無"))
    for name, source, rows in (("a", "標註組", first), ("b", "論壇", second), ("c", "", unnamed)):
        take_in(some, deliver, f"{name}.tsv", source, rows)
    trained, tested, newly_tested = files(some)
    assert set(first) <= tested and set(first) == newly_tested
    assert set(second) | set(unnamed) <= trained
    assert not (set(second) | set(unnamed)) & tested
    assert not trained & tested


def test_what_was_tested_on_before_is_no_longer_and_is_not_trained_on_either(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    rows = sides(True, 4)
    take_in(settings, deliver, "a.tsv", "論壇", rows)
    assert set(rows) <= files(settings)[1]
    trained, tested, newly_tested = files(replace(settings, trusted_sources=("標註組",)))
    assert not set(rows) & (trained | tested | newly_tested)
    assert set(rows) <= files(settings)[1], "trusted again, tested on again"


def test_what_was_trained_on_is_not_tested_on_when_its_source_is_trusted_later(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    rows = sides(True, 4)
    take_in(replace(settings, trusted_sources=("標註組",)), deliver, "a.tsv", "論壇", rows)
    take_in(settings, deliver, "b.tsv", "標註組", rows)
    trained, tested, _ = files(settings)
    assert set(rows) <= trained
    assert not set(rows) & tested


def test_a_source_that_is_not_trusted_takes_no_share_of_the_rolling_set(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    ours, theirs = sides(True, 6, word="標"), sides(True, 30, word="壇")
    take_in(settings, deliver, "a.tsv", "標註組", ours)
    take_in(settings, deliver, "b.tsv", "論壇", theirs)
    some = replace(settings, trusted_sources=("標註組",), rolling_source_share=0.1, gate_minimum_rolling=1)
    assert set(ours) <= files(some)[1], "one trusted source alone has no limit"
