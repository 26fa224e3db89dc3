"""Says in a sentence how a version has answered as the canary so far, from its probes. Standard library only."""

from __future__ import annotations

from sentiment.probe.decision import BAD, bad_in_a_row, good_minutes, is_baked, of_last_term
from sentiment.probe.record import probes_file, read_probes
from sentiment.settings import Settings


def standing(settings: Settings, version: int) -> str:
    """Returns a sentence: whether canary `version` is baked, and how long it has answered well."""
    probes = of_last_term(read_probes(probes_file(settings)), version)
    wanted = settings.canary_bake_minutes
    if not probes:
        return f"Not baked yet: it has not been probed. It is baked after answering well for {wanted:g} minutes."
    if probes[-1].outcome == BAD:
        count, why = len(bad_in_a_row(probes)), "; ".join(probes[-1].reasons)
        return f"Not baked: it answers badly ({count} bad probes in a row: {why})."
    minutes = f"it has answered well for {good_minutes(probes):.0f} minutes"
    return f"Baked: {minutes}." if is_baked(probes, settings) else f"Not baked yet: {minutes}, {wanted:g} are required."
