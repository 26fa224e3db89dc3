"""Four eyes (SENTIMENT_FOUR_EYES): whoever made a canary what it is does not approve it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sentiment.errors import InputError
from sentiment.results.decision import Gate
from sentiment.results.events import AnyEvent, Canary, Published
from sentiment.serving.history import read_events, read_state
from sentiment.serving.records import results_of
from sentiment.settings import Settings, read_airflow_settings
from sentiment_airflow.workflows import STARTED_AGAIN, THE_NIGHTLY_RUN


def makers(events: Iterable[AnyEvent], version: int, gate: Gate) -> list[str]:
    """Returns who made a version a candidate: who started its run, and who loosened or overrode its gate.

    The run of a schedule is nobody's, also one that somebody started again: Airflow does not say who did.
    """
    found = [event.who for event in events if isinstance(event, Published | Canary) and event.version == version]
    found += [exception.who for exception in (gate.loosened, gate.overridden) if exception]
    names = dict.fromkeys(name.removesuffix(STARTED_AGAIN).strip() for name in found)
    return [name for name in names if name not in ("", THE_NIGHTLY_RUN)]


def is_one_of(user: Mapping[str, object], names: Iterable[str]) -> bool:
    """Tells whether the Airflow user, an id and a name, is one of those; capitals do not make another person."""
    own = {str(user.get(key) or "").strip().casefold() for key in ("id", "name")} - {""}
    return not own.isdisjoint(name.casefold() for name in names)


def barred(settings: Settings, version: int) -> list[str]:
    """Returns who may not approve the version; nobody unless SENTIMENT_FOUR_EYES is on.

    Raises: InputError when what is known of the version cannot be read.
    """
    if not read_airflow_settings("four_eyes").four_eyes:
        return []
    known = read_state(settings).versions.get(version)
    if known is None:
        raise InputError(
            f"the history must know version {version}, to tell who made it",
            found="no such version",
            do="Trigger sentiment_promote by hand: it asks about the present canary.",
        )
    return makers(read_events(settings.history), version, results_of(settings, known).read(Gate))
