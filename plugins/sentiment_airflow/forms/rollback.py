"""The form of a rollback, which is triggered by hand."""

from __future__ import annotations

from airflow.sdk import Param

from sentiment.language import tr
from sentiment.options.gate import LONGEST_REASON, SHORTEST_REASON
from sentiment_airflow.forms.fields import version_field


def rollback_form() -> dict[str, Param]:
    """Returns the form in the language spoken."""
    return {
        "version": version_field(
            tr(
                "A version that was stable before; empty: the previous stable version. The Models page lists those "
                "that can be rolled back to, on the page of the stable version, and takes the reason there, too."
            ),
        ),
        "reason": Param(
            type="string",
            minLength=SHORTEST_REASON,
            maxLength=LONGEST_REASON,
            title=tr("Reason"),
            description=tr("It is kept in the history with your name, and mailed."),
        ),
        "skip_unreachable": Param(
            False,
            type="boolean",
            title=tr("Leave out servers that do not answer"),
            description=tr("They catch up when they are back. Otherwise, one unreachable server stops the rollback."),
        ),
    }
