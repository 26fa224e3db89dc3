"""Addresses in mails and approvals are whole, and right wherever Airflow is."""

from __future__ import annotations

import pytest
from sentiment_airflow.links import experiment_link, run_link, version_link, version_links


def test_addresses_begin_with_airflows_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://host/team/airflow/")
    assert version_link(3) == "https://host/team/airflow/sentiment/models/versions/3"
    assert run_link("sentiment_retrain", "scheduled__2026-11-22T18:00:00+00:00/../x") == (
        "https://host/team/airflow/dags/sentiment_retrain/runs/scheduled__2026-11-22T18%3A00%3A00%2B00%3A00%2F..%2Fx"
    )
    assert experiment_link("manual__2026-11-22T18:00:00+00:00").startswith(
        "https://host/team/airflow/sentiment/models/experiments/manual__2026-11-22T18_00_00_00_00-"
    )


def test_where_there_is_no_version_there_is_no_link() -> None:
    assert version_links(None) == {}
    assert list(version_links(3)) == ["Version 3 on the Models page"]
