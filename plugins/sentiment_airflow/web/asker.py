"""Who looks at the page, and what Airflow lets them do."""

from __future__ import annotations

from typing import Literal

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.models.dag import DagModel

from sentiment.errors import InputError
from sentiment.settings import Settings
from sentiment_airflow.approval.four_eyes import barred, is_one_of
from sentiment_airflow.web.asked import Asked
from sentiment_airflow.web.deciding import Asker
from sentiment_airflow.workflows import PROMOTE


def may_answer(user: BaseUser) -> bool:
    """Tells whether Airflow lets the user answer the questions about canaries."""
    return _may(user, "PUT", DagAccessEntity.HITL_DETAIL, PROMOTE)


def may_trigger(user: BaseUser, workflow: str) -> bool:
    """Tells whether Airflow lets the user trigger the workflow."""
    return _may(user, "POST", DagAccessEntity.RUN, workflow)


def _may(user: BaseUser, method: Literal["PUT", "POST"], entity: DagAccessEntity, workflow: str) -> bool:
    details = DagDetails(id=workflow, team_name=DagModel.get_team_name(workflow))
    allowed = get_auth_manager().is_authorized_dag(method=method, access_entity=entity, details=details, user=user)
    return bool(allowed)


def asker_of(user: BaseUser, asked: Asked | None, settings: Settings) -> Asker:
    """Returns what is known of the user in front of a question; the approval itself judges again."""
    if asked is None:
        return Asker(may_answer(user))
    among = not asked.assigned or get_auth_manager().is_authorized_hitl_task(
        assigned_users=set(asked.assigned), user=user
    )
    return Asker(may_answer(user), bool(among), _made(user, asked.version, settings))


def _made(user: BaseUser, version: int, settings: Settings) -> bool:
    """Tells whether four eyes bar the user; what cannot be read bars nobody here, and ends the run of the approval."""
    try:
        return is_one_of({"id": user.get_id(), "name": user.get_name()}, barred(settings, version))
    except InputError:
        return False
