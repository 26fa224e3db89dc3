"""How worn the frozen test set is, and whether its refreshment was interrupted."""

from __future__ import annotations

from typing import Any

from sentiment.data.retired import next_file
from sentiment.errors import InputError
from sentiment.gate.wear import is_worn, told, wear_of
from sentiment.language import marked
from sentiment.results.record import as_json
from sentiment.serving.refreshments import read_refreshments
from sentiment.settings import Settings

INTERRUPTED = marked("the frozen test set's refreshment was interrupted; `sentiment refresh-tests` finishes it")


def described(settings: Settings) -> dict[str, Any]:
    """Returns the wear as JSON-ready values and as a `sentence`; `error` says why it is not known."""
    try:
        found, done = wear_of(settings), read_refreshments(settings)
    except InputError as error:
        return {"wear": None, "is_worn": False, "sentence": "", "refreshments": None, "error": str(error)}
    interrupted = bool(done) and next_file(settings.base_data, done[-1].number).is_file()
    return {
        "wear": as_json(found),
        "is_worn": is_worn(found, settings.gate_wear),
        "sentence": told(found, settings.gate_wear),
        "refreshments": len(done),
        "error": INTERRUPTED if interrupted else "",
    }
