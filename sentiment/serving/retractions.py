"""Which deliveries are retracted, as the ledger says: for everyone who may not go on with them.

What changes the ledger is in `sentiment.data`. This only asks it, so a step that has nothing to do with posts can.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sentiment.errors import FROM_A_BACKUP, InputError
from sentiment.language import tr
from sentiment.serving import ledger_values
from sentiment.text.harmless import visible
from sentiment.text.taipei import night_of

SECONDS_TO_WAIT = 30.0  # for a ledger that is being made or restored


@dataclass(frozen=True)
class Retraction:
    """That a delivery was retracted, or taken in again (`undone`): `number` is the change's own, `at` is in UTC."""

    number: int
    delivery: int
    undone: bool
    who: str
    reason: str
    at: str


class Retracted(NamedTuple):
    """A delivery that is retracted: `number` is the retraction's own, `at` its time in UTC."""

    delivery: int
    key: str
    number: int
    who: str
    reason: str
    at: str

    @property
    def sentence(self) -> str:
        """What happened, in one sentence without a full stop."""
        return tr(
            "Delivery {delivery} ({name}) was retracted by {who} on {day}: {reason}",
            delivery=self.delivery,
            name=visible(self.key),
            who=visible(self.who),
            day=night_of(self.at).isoformat(),
            reason=visible(self.reason),
        )


def changes(connection: sqlite3.Connection) -> list[Retraction]:
    """Returns every retraction and undoing, oldest first."""
    query = "SELECT number, delivery, undone, who, reason, at FROM retractions ORDER BY number"
    return [Retraction(number, of, bool(undone), *rest) for number, of, undone, *rest in connection.execute(query)]


def newest(connection: sqlite3.Connection) -> dict[int, Retraction]:
    """Returns the newest change of every delivery that was ever retracted, by the delivery's number."""
    return {change.delivery: change for change in changes(connection)}


def retracted(connection: sqlite3.Connection) -> dict[int, Retraction]:
    """Returns why each delivery is retracted that is, by its number."""
    return {number: change for number, change in newest(connection).items() if not change.undone}


def listed(connection: sqlite3.Connection) -> list[Retracted]:
    """Returns what is retracted, the last retraction first."""
    found = retracted(connection)
    keys = dict(connection.execute("SELECT number, key FROM deliveries")) if found else {}
    of_each = [Retracted(of, keys[of], one.number, one.who, one.reason, one.at) for of, one in found.items()]
    return sorted(of_each, key=lambda one: -one.number)


def retracted_deliveries(ledger: Path) -> list[Retracted]:
    """Returns the same of a ledger's file, of any format; none where there is no ledger.

    Raises: InputError when the ledger is damaged.
    """
    if not ledger.is_file():  # a question must not create a ledger
        return []
    try:
        where = f"{ledger.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(where, uri=True, timeout=SECONDS_TO_WAIT)) as connection:
            require_values(connection, ledger)
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'retractions'").fetchone()
            return listed(connection) if known else []
    except sqlite3.DatabaseError as error:
        raise _refused(ledger, str(error)) from error


def require_values(connection: sqlite3.Connection, ledger: Path) -> None:
    """Raises: InputError, or sqlite3.DatabaseError, when the small tables of the ledger's file are damaged."""
    try:
        fault = ledger_values.fault_of_small(connection)
    except UnicodeDecodeError:
        fault = ledger_values.NO_WORDS
    if fault:
        raise _refused(ledger, fault)


def _refused(ledger: Path, found: str) -> InputError:
    return InputError(
        f"the ledger {ledger} must be whole, and this user must be able to read it", found=found, do=FROM_A_BACKUP
    )
