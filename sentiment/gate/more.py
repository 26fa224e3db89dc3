"""The checks of an evaluation by rules with modules of their own, each with its limit in the settings."""

from __future__ import annotations

from sentiment.gate import calibration, must_hold
from sentiment.results.decision import GateCheck
from sentiment.results.evaluation import Evaluation
from sentiment.settings import Settings


def more_checks(evaluation: Evaluation, settings: Settings) -> list[GateCheck]:
    """Returns the checks of what must hold and of the calibration. Raises: InputError when the counts contradict."""
    return [
        *must_hold.checks(evaluation, settings.gate_must_hold),
        *calibration.calibration_checks(evaluation, settings.gate_calibration),
    ]
