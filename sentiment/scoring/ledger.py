"""Which shards of a version are finished.

A shard is finished when its file is there: that appears whole, under a name that follows from its rows alone.
`ledger.jsonl` has a line with counts and checksum for each, and is what readers go by: it lists what belongs to the
archive as it is, and nothing of a file that was replaced since. It is written anew every half minute and at the end;
what a kill left out of it is found by its file, whose footer says the same. So is what a line said that is not as it
was written, by its sum, or that does not add up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from sentiment.scoring.list_of_shards import NAME, line_of, read
from sentiment.scoring.places import Place
from sentiment.scoring.shards import DATA, Shard, aside_path, data_path, is_whole, named
from sentiment.scoring.work import shard_in

SECONDS_BETWEEN = 30.0
Key = tuple[str, int]  # a file's id, and the index of its shard


@dataclass
class Ledger:
    """The finished shards of a version, by file and index. One process writes it."""

    place: Place
    shards: dict[Key, Shard] = field(default_factory=dict)
    found_again: int = 0  # shards that were not recorded before
    gone: int = 0  # shards that are recorded, and whose file is gone or not as long as it was
    now: dict[str, str] = field(default_factory=dict)  # the id that each file of the archive has as it is now
    unknown: tuple[str, ...] = ()  # beginnings of names: nobody knows now whether those files are there
    _written: float = field(default_factory=time.monotonic)

    @classmethod
    def opened(cls, place: Place) -> Ledger:
        """Returns what is finished: recorded shards whose files are there, and files that are not recorded yet."""
        recorded = {(one.id, one.index): one for one in read(place)}
        there = {name: file.size for file in place.listed(DATA) if (name := named(file.name))}
        ledger = cls(place, {key: one for key, one in recorded.items() if there.get(key) == one.bytes})
        ledger.gone = len(recorded) - len(ledger.shards)
        for key in sorted(there.keys() - ledger.shards.keys()):
            if shard := shard_in(place, *key):
                ledger.shards[key] = shard
                ledger.found_again += 1
            else:
                place.remove(data_path(*key))
        return ledger

    def by_file(self) -> dict[str, list[Shard]]:
        found: dict[str, list[Shard]] = {}
        for shard in self.shards.values():
            found.setdefault(shard.id, []).append(shard)
        return found

    def add(self, shard: Shard) -> None:
        self.shards[shard.id, shard.index] = shard
        if time.monotonic() - self._written > SECONDS_BETWEEN:
            self.write()

    def write(self) -> None:
        shards = self.to_read()
        self.place.write(NAME, "".join(f"{line_of(shard, len(shards))}\n" for shard in shards).encode())
        self._written = time.monotonic()

    def to_read(self) -> list[Shard]:
        """Returns what belongs to the archive: of a changed file what it was, until all that it is now is scored."""
        begun, replaced = self._changed()
        left_out = begun | replaced
        return [self.shards[key] for key in sorted(self.shards) if key[0] not in left_out]

    def replaced(self) -> list[Shard]:
        """Returns the shards of what was in a file before it was changed, once all of what it holds now is finished."""
        _, replaced = self._changed()
        return [shard for shard in self.shards.values() if shard.id in replaced]

    def of_no_file(self) -> list[Shard]:
        """Returns the shards of files that are not in the archive any more."""
        gone = (shard for shard in self.shards.values() if shard.file not in self.now)
        return [shard for shard in gone if not shard.file.startswith(self.unknown)]

    def _changed(self) -> tuple[set[str], set[str]]:
        """Returns the ids of changed files that are not finished, and those of what finished ones were before."""
        begun, replaced = set[str](), set[str]()
        by_id = self.by_file()
        for file_id, shards in by_id.items():
            now = self.now.get(shards[0].file, file_id)
            if now != file_id and is_whole(by_id.get(now, [])):
                replaced.add(file_id)
            elif now != file_id:
                begun.add(now)
        return begun, replaced

    def drop(self, shards: list[Shard]) -> None:
        """Takes shards out, first of what readers go by, then their files."""
        if not shards:
            return
        for shard in shards:
            del self.shards[shard.id, shard.index]
        self.write()
        for shard in shards:
            self.place.remove(shard.path)
            self.place.remove(aside_path(shard.id, shard.index))
