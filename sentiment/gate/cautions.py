"""What those who decide about a candidate must see, although it decides nothing."""

from __future__ import annotations

from sentiment.gate.calibration import calibration_warnings
from sentiment.gate.costs import cost_warnings
from sentiment.results.decision import Gate


def cautions(gate: Gate) -> list[str]:
    """Returns the warnings about the candidate, in sentences, in the language spoken."""
    return [*calibration_warnings(gate), *cost_warnings(gate)]
