"""What a version's page says of the archive, from the small files beside the scores."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from sentiment.language import speaking
from sentiment.models_page.notices import Notices
from sentiment.models_page.scored import MOST_DRAWN, ScoredArchive, comparison_page, comparison_shown, scored_archive
from sentiment.results.record import as_json
from sentiment.results.scoring import Current, Scored, ScoresCompared
from sentiment.settings import Settings

AT = "2026-11-28T02:00:00+00:00"


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(as_json(value)), encoding="utf-8")


def scored(settings: Settings, number: int = 2, *, complete: bool = True, current: int = 2) -> None:
    folder = settings.scores_folder
    place = "s3://posts/scores"
    summary = Scored(
        version=number, source="/archive", output=place, files=3, rows=1234, rows_aside=5, at=AT, complete=complete
    )
    write(folder / f"version-{number}" / "scored.json", summary)
    now = Current(version=current, folder="version-2", ledger="ledger.jsonl", rows=1234, at=AT, complete=True)
    write(folder / "current.json", now)


def compared(settings: Settings, before: int, after: int = 2, posts: int = 200) -> None:
    found = ScoresCompared(
        at=AT, before=before, after=after, labels=["a", "b"], posts=posts, flipped=5, only_before=0, only_after=0,
        directions=[], sources=[], more_sources=0, months=[], examples=[],
    )  # fmt: skip
    write(settings.scores_folder / f"changed-{before}-{after}.json", found)
    (settings.scores_folder / f"changed-{before}-{after}.html").write_text("<p>changed</p>", encoding="utf-8")


def look(settings: Settings, number: int = 2, *, is_stable: bool = True) -> tuple[ScoredArchive | None, list[str]]:
    notices = Notices()
    return scored_archive(settings, number, notices, is_stable=is_stable), notices.lines


def test_rows_time_and_the_share_of_changed_labels(settings: Settings) -> None:
    scored(settings)
    compared(settings, 1)
    found, notices = look(settings)
    assert found and notices == []
    assert found.sentence == "Readers of s3://posts/scores take the scores of this version."
    assert found.figures == [
        ("Posts scored", "1,234"),
        ("Posts put aside", "5"),
        ("Files", "3"),
        ("Scored at", "2026-11-28 10:00"),
        ("Changed since version 1", "2.5\N{NO-BREAK SPACE}%"),
    ]
    assert found.has_page


def test_the_newest_comparison_is_shown_and_one_of_no_post_has_no_share(settings: Settings) -> None:
    scored(settings)
    for before, posts in ((1, 200), (3, 0)):
        compared(settings, before, posts=posts)
        os.utime(settings.scores_folder / f"changed-{before}-2.html", (before, before))
    found, _ = look(settings)
    page = comparison_page(settings, 2)
    assert found and page and page.name == "changed-3-2.html" and len(found.figures) == 4
    assert comparison_page(settings, 1) is None


def test_files_that_were_put_aside_are_counted_and_named(settings: Settings) -> None:
    scored(settings)
    path = settings.scores_folder / "version-2" / "scored.json"
    summary = json.loads(path.read_text(encoding="utf-8")) | {"files_aside": 2, "complete": False}
    path.write_text(json.dumps(summary), encoding="utf-8")
    found, _ = look(settings)
    assert found and ("Files put aside", "2") in found.figures
    assert found.sentence == (
        "Readers of s3://posts/scores take the scores of this version. NOT all of the archive has scores: files that "
        "could not be read, or not to the end, are named in s3://posts/scores/version-2/put-aside/files.json."
    )


def test_the_page_is_drawn_in_the_readers_language_or_as_it_was_written(settings: Settings) -> None:
    assert comparison_shown(settings, 2) is None
    compared(settings, 1)
    for language, said in (("en", "with another label"), ("zh-TW", "標籤不同")):
        with speaking(language):
            page = comparison_shown(settings, 2)
        assert page and said in page.decode()
    figures = settings.scores_folder / "changed-1-2.json"
    honest = figures.read_text(encoding="utf-8")
    broken = json.loads(honest)
    broken["directions"] = [{"before": 7, "after": 0, "posts": 1}]
    for content in (json.dumps(broken), "{", honest + " " * MOST_DRAWN):
        figures.write_text(content, encoding="utf-8")
        assert comparison_shown(settings, 2) == b"<p>changed</p>"


@pytest.mark.parametrize(("complete", "sentence"), [(True, "take the scores of another version"), (False, "wait for")])
def test_readers_that_are_elsewhere_are_told(settings: Settings, complete: bool, sentence: str) -> None:
    scored(settings, complete=complete, current=1)
    found, _ = look(settings)
    assert found and sentence in found.sentence and not found.has_page


def test_a_stable_version_without_scores_says_who_makes_them(settings: Settings) -> None:
    assert look(settings) == (None, [])
    with_archive = replace(settings, archive="/archive")
    found, _ = look(with_archive)
    assert found == ScoredArchive("This version has not scored the archive yet: `sentiment_score` does.")
    assert look(with_archive, is_stable=False) == (None, [])


def test_a_broken_file_is_a_notice_and_a_link_out_of_the_folder_no_page(settings: Settings, tmp_path: Path) -> None:
    (folder := settings.scores_folder / "version-2").mkdir(parents=True)
    (folder / "scored.json").write_text("{", encoding="utf-8")
    found, notices = look(settings)
    assert found is None and "version-2/scored.json cannot be read" in notices[0]
    (secret := tmp_path / "secret.html").write_text("secret", encoding="utf-8")
    (settings.scores_folder / "changed-1-2.html").symlink_to(secret)
    assert comparison_page(settings, 2) is None


def test_of_scores_in_a_bucket_the_home_has_the_pages(settings: Settings) -> None:
    in_bucket = replace(settings, scores="s3://posts/scores")
    assert in_bucket.scores_folder == settings.home / "scores"
    scored(in_bucket)
    assert look(in_bucket)[0]
