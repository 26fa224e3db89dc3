"""The end of a training: its temperature, from the rows that were held out."""

from __future__ import annotations

from sentiment.model.batches import Encoded
from sentiment.model.scoring import Scorer
from sentiment.model.temperature import fit, unfitted
from sentiment.report.trust import told_scaling
from sentiment.results.record import as_json
from sentiment.results.training import Scaling
from sentiment.step import say
from sentiment.training.fit import answers
from sentiment.training.hyperparameters import Hyperparameters


def temperature_of(scorer: Scorer, held_out: Encoded | None, settings: Hyperparameters, before: float) -> Scaling:
    """Returns the temperature of the trained model behind `scorer`, and says it; with few held-out rows, `before`."""
    found = fit(answers(scorer, held_out, settings), held_out.labels, before) if held_out else unfitted(0, 0, before)
    told = told_scaling(as_json(found))
    say(f"train: {told[:1].lower()}{told[1:]}")
    return found
