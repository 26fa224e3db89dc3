"""Which files beside the archive's scores hold a text, and what takes it out of each: they follow the archive."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentiment.data.file_lines import LONGEST_SHOWN, bounded_lines
from sentiment.data.identity import VERSION
from sentiment.data.source.walk import opened_as_found
from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.lineage.erase import LONGEST_LINE, still_in
from sentiment.lineage.search import Search
from sentiment.lineage.texts import LONG_ENOUGH, Texts
from sentiment.results import record
from sentiment.results.scoring import Example, ScoresCompared
from sentiment.scoring.columns import TEXT_ID
from sentiment.scoring.put_aside import CUT, LONGEST_RAW
from sentiment.scoring.shards import ASIDE
from sentiment.settings import Settings
from sentiment.step import Result
from sentiment.text.harmless import visible

OF_VERSION, OF_COMPARISON = re.compile(r"version-(\d{1,19})"), re.compile(r"changed-(\d{1,19})-(\d{1,19})")
HALF_SHOWN = re.compile(r"(\\x[0-9a-f]{2}|\ufffd)+$")  # what is left of a character that was cut


@dataclass(frozen=True)
class Held:
    """A file that holds a text; one of a version's scores with the file of the archive that the post is in."""

    path: Path
    archive_file: str = ""

    def as_result(self, shown: str) -> Result:
        """Returns what `forget` says of it, under the name that is `shown`."""
        comparison = OF_COMPARISON.fullmatch(self.path.stem)
        versions = comparison or OF_VERSION.fullmatch(self.path.parent.parent.name)
        return {
            "file": shown,
            "versions": [int(number) for number in versions.groups()] if versions else [],
            "archive_file": visible(self.archive_file),
        }


def in_scores(search: Search, texts: Texts, settings: Settings) -> Iterator[Held]:
    """Yields the files of the archive's scores that hold one of the texts, also where they show the text cut short."""
    from sentiment.scoring import holding  # Arrow takes a while

    for path in search.files([settings.scores_folder]):
        with search.alone(path):
            archive = holding.archive_of(path.parent.parent)
            if holding.is_scores(path):
                if holding.holds(path, texts.identities[VERSION]):
                    yield Held(path, _within(archive, holding.archive_file_of(path)))
            elif path.parent.name == ASIDE and (name := _put_aside(path, texts)) is not None:
                yield Held(path, _within(archive, name))
            elif still_in(path, texts.patterns()) or _is_shown(path, texts):
                yield Held(path)


def _within(archive: str, name: str) -> str:
    return f"{archive.rstrip('/')}/{name}" if archive and name else name


def _put_aside(path: Path, texts: Texts) -> str | None:
    """Returns the file of the archive of which a row with one of the texts was put aside; None when none was."""
    patterns = [pattern.decode() for pattern in texts.patterns()]
    with opened_as_found(path) as handle:
        for _, line, _ in bounded_lines(handle, LONGEST_LINE):
            row = _object(line)
            raw, text_id, name = (str(row.get(key, "")) for key in ("raw", TEXT_ID, "file"))
            if text_id in texts.identities[VERSION] or _quotes(raw, patterns):
                return name
    return None


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _quotes(raw: str, patterns: Iterable[str]) -> bool:
    """Tells whether a row, as far as it is shown, has one of the patterns, or ends within one."""
    is_cut = len(raw) >= LONGEST_RAW or len(raw.encode("utf-8", "replace")) > LONGEST_SHOWN - len(CUT.encode())
    shown = HALF_SHOWN.sub("", raw.removesuffix(CUT))
    for pattern in patterns:
        if pattern in shown:
            return True
        beginnings = re.finditer(re.escape(pattern[:LONG_ENOUGH]), shown) if is_cut else ()
        if any(pattern.startswith(shown[found.start() :]) for found in beginnings):
            return True
    return False


def _is_shown(path: Path, texts: Texts) -> bool:
    """Tells whether a comparison has one of the texts among its examples, as the figures beside its page say."""
    if not OF_COMPARISON.fullmatch(path.stem):
        return False
    try:
        found = record.read(path.with_suffix(".json"), ScoresCompared, "")
    except InputError:
        return False
    return any(_is_example(example, texts) for example in found.examples)


def _is_example(example: Example, texts: Texts) -> bool:
    if example.text_id:
        return example.text_id in texts.identities[VERSION]
    return texts.quoted_in(example.text)  # an older one: by its beginning


def scores_told(held: list[Result]) -> list[str]:
    """Returns a line for people about each file: what holds a text, and what takes it out."""
    lines = []
    for one in held:
        path, versions = one["file"], one["versions"]
        if len(versions) == 2:
            lines.append(
                tr(
                    "{path} shows one of them: when both versions are scored again, give "
                    "`sentiment compare-scores {before} {after}` again",
                    path=path, before=versions[0], after=versions[1],
                )
            )  # fmt: skip
        elif versions and one["archive_file"]:
            lines.append(
                tr(
                    "{path} holds one of them: take the post out of {file}, and give `sentiment score --version "
                    "{version}` again (with --drop-gone, if you remove that file)",
                    path=path, file=one["archive_file"], version=versions[0],
                )
            )  # fmt: skip
        else:
            lines.append(tr("{path} holds one of them: remove it, or take the text out of it", path=path))
    return lines
