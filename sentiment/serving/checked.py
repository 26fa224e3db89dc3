"""Whether a run's new posts passed their check: asked before they are trained on, and before the model is published.

Airflow lets a person mark a task as a success that failed, or never ran. So what it decided is read from its result.
"""

from __future__ import annotations

from sentiment.errors import InputError
from sentiment.results.deliveries import Check
from sentiment.run_folder import RunFolder


def require_checked(run: RunFolder, trained: object) -> None:
    """Raises: InputError unless `check` passed in `run`, for the rows with the fingerprint `trained`.

    An earlier version's check does not say which rows it saw, and a model that was trained on other files than those of
    its run not on which: there the check must have passed.
    """
    check, command = run.read(Check), f"`sentiment check --run {run.name}`"
    if not check.passed:
        raise InputError(
            "a run's new posts must have passed their check",
            found=check.sentence,
            do=f"Correct the delivery, or change the limit (SENTIMENT_CHECK_…) and run {command} again.",
        )
    if check.fingerprint and isinstance(trained, str) and check.fingerprint != trained:
        raise InputError(
            "a run's check must have seen the rows that the model is trained on",
            found=f"a check of other rows (sha256 {check.fingerprint[:12]}…, not {trained[:12]}…)",
            do=f"Run {command} again; train again if the rows have changed since.",
        )
