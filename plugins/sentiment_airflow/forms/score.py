"""The form of a scoring that somebody starts by hand."""

from __future__ import annotations

from airflow.sdk import Param

from sentiment.language import tr
from sentiment_airflow.forms.fields import version_field


def score_form() -> dict[str, Param]:
    """Returns the form in the language spoken."""
    return {
        "version": version_field(tr("The version that scores the archive; empty: the stable one.")),
        "drop_gone": Param(
            False,
            type="boolean",
            title=tr("Remove the scores of files that are gone"),
            description=tr("Without it, a file that is gone from the archive keeps its scores."),
        ),
    }
