"""From a version to its run and its approval in Airflow, by the rows that Airflow itself keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support import models_page_homes as homes

from sentiment.run_folder import safe_name

NIGHT = "scheduled__2026-11-22T18:00:00+00:00"


@pytest.mark.parametrize(("answered", "waits"), [(True, False), (False, True)])
def test_the_run_is_found_by_its_folder_and_the_approval_by_its_version(
    home: Path,
    look: Callable[[str], httpx.Response],
    airflows_rows: Callable[..., None],
    answered: bool,
    waits: bool,
) -> None:
    from sentiment_airflow.web.asked import question_about

    homes.write_history(home, [homes.published(2, run=safe_name(NIGHT)), homes.published(22, run="night-22")])
    airflows_rows(2, NIGHT, answered)
    page = look("/versions/2").text
    quoted = "scheduled__2026-11-22T18%3A00%3A00%2B00%3A00"
    assert f'href="/dags/sentiment_retrain/runs/{quoted}"' in page
    assert f'href="/dags/sentiment_promote/runs/{quoted}/tasks/approve/required_actions"' in page
    asked = question_about(2)
    assert asked and asked.waits == waits
    other = look("/versions/22").text
    assert "/dags/" not in other and "pproval" not in other
