"""What a version answered when it was validated, and whether what answers today is as the history says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from sentiment.errors import InputError
from sentiment.results import record
from sentiment.results.record import Record

AGAIN = "Publish the model again."
FILE = Path("assets.extra") / "answers.json"  # within a version's folder, so that the version's digest covers it


TokenIds = Annotated[list[Annotated[int, msgspec.Meta(ge=0, lt=2**31)]], msgspec.Meta(min_length=1, max_length=512)]


class KeptAnswers(Record, frozen=True):
    """What an export answered in `validate`: by this, whatever answers for its version later is recognised."""

    texts: list[str]  # invented ones: nobody's posts
    probabilities: list[list[float]]  # of each text, by label id
    within: float  # the same model's probabilities differ by no more, whatever the processor
    labels: dict[str, str] = msgspec.field(default_factory=dict)  # by label id, those that it answered; older: none
    # Rows of token ids, each [CLS], pieces, [SEP]; older: none.
    ids: Annotated[list[TokenIds], msgspec.Meta(max_length=1024)] = msgspec.field(default_factory=list)
    of_ids: list[list[float]] = msgspec.field(default_factory=list)  # of each row, as those of the texts
    # A title for each text; []: it reads none, and so has no signature for them. Older: None, and nothing is known.
    titles: list[str] | None = None
    of_titled: list[list[float]] = msgspec.field(default_factory=list)  # of each title and text, as those of the texts


Kind = Literal["agrees", "other version", "another model", "refuses", "not compared", "unreachable"]


class Finding(Record, frozen=True):
    """One server, and one of its labels ("": the server as a whole): is it as the history says?"""

    server: str
    label: str
    kind: Kind
    sentence: str

    @property
    def differs(self) -> bool:
        return self.kind in ("other version", "another model", "refuses")

    @property
    def told(self) -> str:
        return f"{self.server}: {self.sentence}"


class Occurrence(Record, frozen=True):
    """A time in which a server did not serve what the history says: `serving/served.json` holds the last one."""

    since: str  # ISO 8601, UTC
    differences: list[str]  # what was found last
    until: str | None = None  # when every server was seen to agree again


class Served(Record, frozen=True):
    """Printed by `verify`. `agrees`: nothing differs; what could not be compared is among the findings."""

    agrees: bool
    sentence: str
    findings: list[Finding]
    last: Occurrence | None = None  # the present occurrence, or the one before
    held_back: list[str] = msgspec.field(
        default_factory=list
    )  # of each server that holds models.config back: why, and what to do


def read_answers(folder: Path) -> KeptAnswers | None:
    """Returns the answers that are kept in a version's folder; None when it is older than they are.

    Raises: InputError when the file is broken.
    """
    if not (folder / FILE).is_file():
        return None
    kept = record.read(folder / FILE, KeptAnswers, AGAIN)
    titles = len(kept.titles or ())
    asked = [len(kept.texts), len(kept.ids), titles]
    answers = [len(kept.probabilities), len(kept.of_ids), len(kept.of_titled)]
    if asked != answers or titles not in (0, len(kept.texts)):
        said = f"{answers[0]} for {asked[0]} texts, {answers[1]} for {asked[1]} rows of token ids"
        said += f", {answers[2]} for {titles} titles" if titles or answers[2] else ""
        raise InputError(f"{folder / FILE} must hold an answer for each text, row and title", found=said, do=AGAIN)
    return kept


def inputs_of_ids(ids: Sequence[Sequence[int]]) -> dict[str, list[list[int]]]:
    """Returns rows of token ids as the inputs of `serving_default`, by name: padded to the longest, [rows, length]."""
    longest = max(map(len, ids), default=0)
    return {
        "input_ids": [[*row, *[0] * (longest - len(row))] for row in ids],
        "input_mask": [[1] * len(row) + [0] * (longest - len(row)) for row in ids],
        "segment_ids": [[0] * longest for _ in ids],
    }
