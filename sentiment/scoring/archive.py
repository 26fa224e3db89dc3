"""What is in the archive: its files with their digests, and what of each is left to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from sentiment import atomic
from sentiment.data.formats.record import UnreadableFile
from sentiment.data.source.source import NAMELESS
from sentiment.digests import sha256_of_content
from sentiment.scoring.alone import ending_alone
from sentiment.scoring.columns import NoColumn
from sentiment.scoring.places import Changed, Listed, Place
from sentiment.scoring.reader import rows_stated
from sentiment.scoring.rows import READ, form_of, is_parquet
from sentiment.scoring.shards import Portion, Shard, SourceFile, is_whole, portions
from sentiment.scoring.unpacked import PACKINGS
from sentiment.scoring.work import Outcome

PAIR = msgspec.Meta(min_length=2, max_length=2)
# Of the archive's files, by name, stamp and last change: only spares reading them again.
DIGESTS = "digests.json"


@dataclass
class Plan:
    """What is left to do, and what cannot be done."""

    files: list[SourceFile] = field(default_factory=list)
    portions: list[Portion] = field(default_factory=list)
    refused: list[Outcome] = field(default_factory=list)
    finished: int = 0  # files of which nothing is left to do
    ignored: list[str] = field(default_factory=list)  # files of another kind

    @property
    def unknown(self) -> tuple[str, ...]:
        """What the names begin with of files of which nobody knows now whether they are there, and as what."""
        return tuple("" if outcome.file == NAMELESS else outcome.file for outcome in self.refused)

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Ends what fails with one file."""
        try:
            with ending_alone():
                yield
        except Changed as error:
            self.refused.append(Outcome(file=name, reason=str(error), again=True))
        except (UnreadableFile, NoColumn) as error:
            self.refused.append(Outcome(file=name, reason=str(error)))


def known_files(source: Place, output: Place) -> Plan:
    """Returns a plan that has the files of the archive, and those that cannot be read; there is no work in it yet."""
    plan = Plan()
    before = _digests_known(output)
    digests: dict[str, list[str]] = {}
    for listed in source.listed():
        if listed.closed:
            plan.refused.append(Outcome(file=listed.name, reason=listed.closed, again=listed.again))
        elif not form_of(listed.name):
            plan.ignored.append(listed.name)
        else:
            with plan.alone(listed.name):
                known_by, digest = before.get(listed.name, ("", ""))
                now = " ".join(filter(None, (listed.stamp, listed.changed_at)))
                if known_by != now:
                    digest = _digest(source, listed)
                digests[listed.name] = [now, digest]
                plan.files.append(SourceFile(name=listed.name, size=listed.size, stamp=listed.stamp, digest=digest))
    if digests != before:
        output.write(DIGESTS, atomic.json_text(digests).encode())
    return plan


def _digests_known(output: Place) -> dict[str, list[str]]:
    """Returns the digests that are there; none when they are damaged: then every file is read again."""
    try:
        return msgspec.json.decode(output.read(DIGESTS) or b"{}", type=dict[str, Annotated[list[str], PAIR]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _digest(source: Place, listed: Listed) -> str:
    """Returns what stands for the content: a bucket's tag and size, or the sha256 of all bytes."""
    if source.knows_content:
        return listed.stamp
    with source.open(listed) as handle:
        digest = sha256_of_content(handle)
    source.confirm(listed)
    return digest


def plan_of(plan: Plan, source: Place, shards: dict[str, list[Shard]], shard_rows: int) -> Plan:
    """Adds to the plan what is left to do of its files; `shards` are finished, by the file's id."""
    for file in plan.files:
        finished = shards.get(file.id, [])
        if is_whole(finished):
            plan.finished += 1
            continue
        done = frozenset(shard.index for shard in finished)
        with plan.alone(file.name):
            rows = None
            if is_parquet(file.name):
                with source.open(file.listed) as handle:
                    rows = rows_stated(handle, file.name, file.size)
            plan.portions += portions(file, rows, shard_rows, done)
    return plan


def finished(files: list[SourceFile], shards: dict[str, list[Shard]]) -> int:
    """Returns how many files are finished."""
    return sum(is_whole(shards.get(file.id, [])) for file in files)


def kinds() -> str:
    """Returns which files are read, for people."""
    return f"{', '.join(READ)} (text also as {', '.join(PACKINGS)})"
