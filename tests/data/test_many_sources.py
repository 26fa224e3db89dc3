"""A stranger may give every row a source of its own: what is kept, told and computed of them has its bounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sentiment.data import doubles
from sentiment.data.claims import CONTESTED, LONGEST_NAME, MOST_ALIKE, PLAIN, keep
from sentiment.data.disagreements import disagreements, each_says
from sentiment.data.identity import identity
from sentiment.data.ingest import ingest
from sentiment.data.ledger import opened
from sentiment.data.mix import Mixing
from sentiment.data.prepare import prepare
from sentiment.data.statements import KEEP_THE_LAST
from sentiment.results.deliveries import Doubles, Prepare
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings

Deliver = Callable[[str, Any], Path]
TEXT = "這間店真的很好吃"


def rows(*said: tuple[str, int, str]) -> str:
    return "text\tlabel\tsource\n" + "".join(f"{text}\t{label}\t{source}\n" for text, label, source in said)


def standing_and_claims(settings: Settings) -> tuple[int, int]:
    """Returns the standing of TEXT, and how many claims there are."""
    with opened(settings.posts_database) as ledger, ledger.reading() as connection:
        standing = connection.execute(
            "SELECT standing FROM posts WHERE identity = ?", (bytes.fromhex(identity(TEXT)),)
        ).fetchone()[0]
        return standing, connection.execute("SELECT count(*) FROM claims").fetchone()[0]


def test_of_a_thousand_sources_that_say_the_same_of_a_text_a_hundred_are_kept(
    settings: Settings, deliver: Deliver
) -> None:
    deliver("a.tsv", rows(*((TEXT, 0, f"s{number}") for number in range(1_000))))
    ingest(settings.source_folder, settings)
    assert standing_and_claims(settings) == (PLAIN, MOST_ALIKE)
    deliver("b.tsv", rows(*((TEXT, 1, f"t{number}") for number in range(1_000))))
    [delivery] = ingest(settings.source_folder, settings).deliveries
    assert (delivery.disagreed, standing_and_claims(settings)) == (1_000, (CONTESTED, 2 * MOST_ALIKE))
    [found] = disagreements(settings)
    assert len(each_says(found, settings.label_set)) < 5_000


def test_who_has_no_claim_of_his_own_contradicts_and_is_contradicted(settings: Settings, deliver: Deliver) -> None:
    deliver("a.tsv", rows(*((TEXT, 0, f"s{number}") for number in range(MOST_ALIKE + 1))))
    ingest(settings.source_folder, settings)
    last = f"s{MOST_ALIKE}"
    for name, label, standing, claims in (("b", 1, CONTESTED, 1), ("c", 0, PLAIN, 0)):
        deliver(f"{name}.tsv", rows((TEXT, label, last)))
        ingest(settings.source_folder, settings)
        assert standing_and_claims(settings) == (standing, MOST_ALIKE + claims)


def test_sources_that_change_their_minds_are_no_more_than_others() -> None:
    claims: dict[str, tuple[int, int]] = {}
    for number in range(1_000):
        for label in (0, 1):
            keep(claims, f"s{number}", label, number)
    assert len(claims) == MOST_ALIKE


def test_a_file_that_repeats_its_texts_is_not_gone_through_for_each_of_them(settings: Settings) -> None:
    """40,000 rows of 4,000 texts took 72 seconds, and twice as many four times as long."""
    with opened(settings.posts_database) as ledger, ledger.reading() as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {KEEP_THE_LAST}", (b"", 1))]
    assert len([step for step in plan if "INDEX statements_by_identity (identity=?" in step]) == 2, plan


def test_small_sources_are_told_together(settings: Settings, deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubles, "LISTED", 3)
    long = "長" * 5_000
    said = [(f"{text}:{TEXT}", number % 2, f"s{number:02d}") for text in range(4) for number in range(10 - text)]
    deliver("a.tsv", rows(*said, *((f"{text}:{TEXT}", 1, long) for text in range(5))))
    ingest(settings.source_folder, settings)
    found = prepare(RunFolder.named(settings, "night"), settings, "full", Mixing()).doubles
    assert [(each.source, each.labels, each.others) for each in found] == [
        ("s05", 4, 0),
        ("s06", 4, 0),
        (long[:LONGEST_NAME], 4, 0),
        ("", 26, 8),
    ]
    assert sum(each.labels for each in found) == len(said) + 4


def test_what_is_told_of_a_million_labels_is_a_small_part_of_a_result(settings: Settings) -> None:
    counts = ((f"{number:06d}" + "源" * 194, 5, 1) for number in range(200_000))
    found = doubles._listed(counts)
    assert (len(found), found[-1]) == (
        doubles.LISTED + 1,
        Doubles(source="", labels=5 * 199_800, contradicted=199_800, others=199_800),
    )
    assert len(msgspec.json.encode(found)) < 200_000
    assert "doubles" in Prepare.__struct_fields__
