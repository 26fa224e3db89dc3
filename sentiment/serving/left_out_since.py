"""Whether a delivery was retracted since a run was prepared: such a run still holds its rows, in training or tests."""

from __future__ import annotations

from collections.abc import Iterable

from sentiment.errors import InputError
from sentiment.results.deliveries import Prepare
from sentiment.run_folder import RunFolder
from sentiment.serving.retractions import Retracted, retracted_deliveries
from sentiment.settings import Settings


def left_out_since(prepared: Prepare, retracted: Iterable[Retracted]) -> list[Retracted]:
    """Returns those of the `retracted` deliveries that a run was prepared with."""
    spans = [(1, prepared.watermark), *((item.first, item.last) for item in prepared.seen)]
    newest = max(last for _, last in spans)
    return [
        one for one in retracted if one.number > newest and any(first <= one.delivery <= last for first, last in spans)
    ]


def require_none_retracted(run: RunFolder, settings: Settings, what: str = "", do: str = "") -> None:
    """Raises: InputError when a run was prepared with a delivery that was retracted since.

    `what` was made of the run, and what there is to `do` about it, stand in the line when it is more than the run.
    """
    if not run.result("prepare").is_file():
        return
    found = left_out_since(run.read(Prepare), retracted_deliveries(settings.posts_database))
    if found:
        raise InputError(
            f"{what or f'run {run.name}'} must hold no rows of a retracted delivery",
            found=found[0].sentence,
            do=do or f"Give `sentiment prepare --run {run.name}` again, and train it anew.",
        )
