"""What the cards of stable and canary lead to: where whoever looks at them may roll back, or decide."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

from sentiment.language import tr
from sentiment.models_page.ledger import Ledger
from sentiment_airflow.web.asker import may_trigger
from sentiment_airflow.web.moving import rollback_offered
from sentiment_airflow.web.runs import last_run
from sentiment_airflow.web.waiting import Waiting
from sentiment_airflow.workflows import PROMOTE, ROLLBACK


@dataclass(frozen=True)
class CardLink:
    """Where on the version's page, and what that is called."""

    section: str
    told: str


def card_links(user: BaseUser, ledger: Ledger, waiting: Waiting | None) -> dict[str, CardLink]:
    """Returns the link of each label that the user may do something about: no link leads to a section that is not."""
    found = {"stable": _of_stable(user, ledger), "canary": _of_canary(user, ledger, waiting)}
    return {label: link for label, link in found.items() if link}


def _of_stable(user: BaseUser, ledger: Ledger) -> CardLink | None:
    may_roll = may_trigger(user, ROLLBACK)
    offered = rollback_offered(ledger.state.stables, last_run(ROLLBACK), may_trigger=may_roll)
    if offered is None:
        return None
    return CardLink("rollback", tr("Roll back") if offered.versions else tr("A rollback is being carried out"))


def _of_canary(user: BaseUser, ledger: Ledger, waiting: Waiting | None) -> CardLink | None:
    if ledger.state.canary is None:
        return None
    if waiting is None:
        return CardLink("decide", tr("Ask for a decision")) if may_trigger(user, PROMOTE) else None
    return CardLink("decide", tr("Approve or withdraw")) if waiting.offer.answers else None
