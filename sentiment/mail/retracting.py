"""How a delivery that is to blame is taken out: the exact command. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.language import tr, tr_many

MOST_NAMED = 5


def how_to_retract(deliveries: Sequence[int]) -> list[str]:
    """Returns lines about leaving one of the `deliveries`, by number, out; none when there is none to blame."""
    if not deliveries:
        return []
    newest = sorted(set(deliveries), reverse=True)
    shown = [*newest[:MOST_NAMED], *(["…"] if len(newest) > MOST_NAMED else [])]
    return [
        tr_many(
            "Delivery {named} brought the new rows. To look at one: sentiment ingest --report {newest}",
            "Deliveries {named} brought the new rows. To look at one: sentiment ingest --report {newest}",
            len(newest),
            named=tr(", ").join(map(str, shown)),
            newest=newest[0],
        ),
        tr(
            "To leave a whole delivery out of training and tests, as if it had never come, and to see which versions "
            'saw it: sentiment retract {newest} --reason "why". With --dry-run it only shows what would change, and '
            "--undo takes the delivery in again. A corrected file may follow.",
            newest=newest[0],
        ),
    ]
