"""The question that waits for a person: what whoever looks at a page is told about it."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

from sentiment.models_page.cards import event_that_labelled
from sentiment.models_page.ledger import Ledger
from sentiment.settings import Settings
from sentiment_airflow.web.asked import Asked, of_this_time, question_about
from sentiment_airflow.web.asker import asker_of
from sentiment_airflow.web.deciding import Offer, offer


@dataclass(frozen=True)
class Waiting:
    """The question about the canary, and what the user may do about it."""

    version: int
    asked: Asked
    offer: Offer


def waiting_for(user: BaseUser, ledger: Ledger, settings: Settings | None) -> Waiting | None:
    """Returns what is asked about the present canary, for that user; None when nothing is."""
    if settings is None or ledger.state.canary is None:
        return None
    asked = present_question(ledger, ledger.state.canary)
    offered = offer(asked, asker_of(user, asked, settings)) if asked else None
    return Waiting(asked.version, asked, offered) if asked and offered else None


def present_question(ledger: Ledger, version: int) -> Asked | None:
    """Returns the newest question about a version; none that is older than the canary's present time as the canary."""
    asked = question_about(version)
    if ledger.state.canary != version:
        return asked
    made = event_that_labelled("canary", version, ledger.events)
    return of_this_time(asked, made.at if made else "")
