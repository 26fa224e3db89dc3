"""Experiments through Airflow's own server: the list on the first page, one experiment, its plot, its run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from support import models_page_homes as homes

from sentiment.run_folder import safe_name

Look = Callable[[str], httpx.Response]
PAGE = "/sentiment/models"
RUN_ID = "manual__2026-11-22T18:00:00+00:00"


@pytest.fixture
def airflows_run(site: object) -> Iterator[Callable[[str, str], None]]:
    """Adds a run of that workflow with that id."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import delete, insert

    def add(dag_id: str, run_id: str) -> None:
        shared = {"run_type": "manual", "log_template_id": None, "span_status": "not_started"}
        with create_session(scoped=False) as session:
            values = {"dag_id": dag_id, "run_id": run_id, "run_after": datetime.now(UTC), **shared}
            session.execute(insert(DagRun.__table__).values(**values))

    yield add
    with create_session(scoped=False) as session:
        session.execute(delete(DagRun))


def test_the_first_page_lists_experiments_and_leads_to_each(home: Path, look: Look) -> None:
    homes.whole_home(home, text="albert-tiny")
    page = look("/").text
    assert "<h2>Experiments</h2>" in page and f'href="{PAGE}/experiments/exp-1"' in page
    assert "albert-tiny, lr all is well" in page


def test_without_experiments_there_is_not_even_a_heading(home: Path, look: Look) -> None:
    homes.write_history(home, homes.three_versions())
    assert "xperiment" not in look("/").text.partition("<body>")[2]


def test_one_experiment_has_table_failures_plot_and_data(home: Path, look: Look) -> None:
    homes.whole_home(home, text="albert-tiny", why="no memory")
    answer = look("/experiments/exp-1")
    told = ("Best is tiny, lr 2e-3", "0.7500", "<b>albert-tiny</b>, lr 1e-3, 2e-3: no memory", "1,500 rows of")
    assert answer.status_code == 200 and all(words in answer.text for words in told)
    assert f'src="{PAGE}/experiments/exp-1/plot.png"' in answer.text
    assert answer.headers["content-security-policy"].endswith("; img-src 'self'")
    assert "img-src" not in look("/").headers["content-security-policy"]


def test_the_plot_is_a_picture(home: Path, look: Look) -> None:
    homes.whole_home(home)
    answer = look("/experiments/exp-1/plot.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.content == homes.png() and answer.headers["x-content-type-options"] == "nosniff"


def test_hostile_words_are_shown_as_text(home: Path, look: Look) -> None:
    homes.whole_home(home, text=homes.EVIL, why=homes.EVIL)
    for path in ("/", "/experiments/exp-1"):
        page = look(path).text
        assert "&lt;script&gt;alert(1)" in page and "{{7*7}}" in page
        assert "<script" not in page and "<img src=x" not in page and "\u202e" not in page


@pytest.mark.parametrize("run", ["night-2", "bench", "%2e%2e", "..%2f..%2fetc", "a%00b", "<script>", "x" * 400, "ü"])
def test_what_is_no_experiment_is_not_found(home: Path, look: Look, run: str) -> None:
    homes.whole_home(home)
    for path in (f"/experiments/{quote(run, safe='%')}", f"/experiments/{quote(run, safe='%')}/plot.png"):
        assert look(path).status_code == 404


def test_no_other_file_is_served_as_a_plot(home: Path, look: Look) -> None:
    homes.whole_home(home)
    plot = home / "runs" / "exp-1" / "plot.png"
    for target in (home / "secret.png", home / "runs" / "night-2" / "gate.json"):
        plot.unlink()
        (home / "secret.png").write_bytes(homes.png())
        plot.symlink_to(target)
        assert look("/experiments/exp-1/plot.png").status_code == 404
        page = look("/experiments/exp-1")
        assert page.status_code == 200 and "The plot of exp-1 is missing or broken." in page.text
        assert "<img" not in page.text


def test_broken_files_are_notices(home: Path, look: Look) -> None:
    homes.whole_home(home)
    (home / "runs" / "exp-1" / "results.json").write_text(f'{{"rows": [{homes.EVIL}', encoding="utf-8")
    (home / "runs" / "bench" / "experiments.json").write_text("{", encoding="utf-8")
    assert "results.json of exp-1 cannot be read" in look("/experiments/exp-1").text
    assert "The list of experiments cannot be read" in look("/").text


def test_a_wrong_setting_is_a_notice(home: Path, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    homes.whole_home(home)
    monkeypatch.setenv("SENTIMENT_CANARY_ROWS", "many")
    assert "SENTIMENT_CANARY_ROWS" in look("/experiments/exp-1").text
    assert look("/experiments/exp-1/plot.png").status_code == 404


def test_it_leads_to_its_run_in_airflow(home: Path, look: Look, airflows_run: Callable[[str, str], None]) -> None:
    folder = safe_name(RUN_ID)
    homes.write_experiment(home, folder, homes.experiment())
    assert "Its run in Airflow" not in look(f"/experiments/{folder}").text
    airflows_run("sentiment_experiment", RUN_ID)
    quoted = "manual__2026-11-22T18%3A00%3A00%2B00%3A00"
    assert f'href="/dags/sentiment_experiment/runs/{quoted}"' in look(f"/experiments/{folder}").text
