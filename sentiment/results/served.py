"""What a version answered when it was validated, and whether what answers today is as the history says."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sentiment.results import record
from sentiment.results.record import Record

FILE = Path("assets.extra") / "answers.json"  # within a version's folder, so that the version's digest covers it


class KeptAnswers(Record, frozen=True):
    """What an export answered in `validate`: by this, whatever answers for its version later is recognised."""

    texts: list[str]  # invented ones: nobody's posts
    probabilities: list[list[float]]  # of each text, by label id
    within: float  # the same model's probabilities differ by no more, whatever the processor


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


def read_answers(folder: Path) -> KeptAnswers | None:
    """Returns the answers that are kept in a version's folder; None when it is older than they are.

    Raises: InputError when the file is broken.
    """
    if not (folder / FILE).is_file():
        return None
    return record.read(folder / FILE, KeptAnswers, "Publish the model again.")
