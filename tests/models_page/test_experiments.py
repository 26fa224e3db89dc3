"""Experiments on the page: the newest in a list, and one with its table; whatever is missing or broken is a notice."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support import models_page_homes as homes
from support.results import whole_json

from sentiment.models_page.experiment_page import ExperimentPage, experiment_of, experiment_page, plot_of
from sentiment.models_page.experiments import Listed, listed
from sentiment.models_page.notices import Notices
from sentiment.results.experiment import ExperimentPlan
from sentiment.settings import Settings

IMPOSSIBLE = ["../../etc", "/etc", "..", ".", "a/b", "x\x00y", "", "ü", "a" * 300]


def rows_of(settings: Settings) -> tuple[list[Listed], list[str]]:
    notices = Notices()
    return listed(settings, notices), notices.lines


def look(settings: Settings, run: str = "exp-1") -> tuple[ExperimentPage, list[str]]:
    notices, folder = Notices(), experiment_of(settings, run)
    assert folder is not None
    return experiment_page(folder, settings, notices), notices.lines


def test_the_newest_five_are_listed(settings: Settings) -> None:
    names = [f"exp-{number}" for number in range(7)]
    for name in names:
        homes.write_experiment(settings.home, name, homes.experiment())
    homes.write_list(settings.home, *map(homes.listed, names))
    rows, notices = rows_of(settings)
    assert [row.run for row in rows] == names[:5] and notices == []
    assert rows[0] == Listed("exp-0", "2026-11-23 02:30", "8", "tiny, lr 2e-3", "0.7500", "4")


def test_without_an_experiment_there_is_nothing_not_even_a_notice(settings: Settings) -> None:
    assert rows_of(settings) == ([], [])
    homes.write_list(settings.home)
    assert rows_of(settings) == ([], [])


def test_one_of_which_nothing_was_trained_and_one_whose_folder_is_gone(settings: Settings) -> None:
    homes.write_experiment(settings.home, "exp-1", homes.experiment())
    homes.write_list(settings.home, homes.listed("gone"), homes.listed("exp-1", best=None, failed=0))
    ((row,), notices) = rows_of(settings)
    assert (row.run, row.best, row.accuracy, row.failed, notices) == ("exp-1", "–", "–", "none", [])


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "[" * 50_000, "{}", '{"experiments": 5}', '{"experiments": [5, {}]}']
)
def test_a_broken_list_is_a_notice(settings: Settings, content: str) -> None:
    homes.write_list(settings.home)
    (settings.runs / "bench" / "experiments.json").write_text(content, encoding="utf-8")
    rows, notices = rows_of(settings)
    assert rows == [] and notices and all("list" in notice for notice in notices)


@pytest.mark.parametrize("run", [*IMPOSSIBLE, 5, None, ["exp-1"]])
def test_an_impossible_name_is_neither_listed_nor_opened(settings: Settings, run: Any) -> None:
    homes.write_experiment(settings.home, "exp-1", homes.experiment())
    homes.write_list(settings.home, homes.listed(run), homes.listed("exp-1"))
    assert [row.run for row in rows_of(settings)[0]] == ["exp-1"]
    assert not isinstance(run, str) or experiment_of(settings, run) is None


def test_the_list_costs_the_same_beside_thousands_of_runs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at no folder's content: neither of them can be called."""
    names = [f"run-{number}" for number in range(50)]
    for name in names:
        (settings.runs / name).mkdir(parents=True)
    monkeypatch.setattr(os, "listdir", None)
    monkeypatch.setattr(os, "scandir", None)
    homes.write_list(settings.home, *map(homes.listed, names))
    rows, _ = rows_of(settings)
    assert [row.run for row in rows] == names[:5]


def test_the_page_has_the_table_the_failures_and_what_it_was_trained_on(settings: Settings) -> None:
    homes.write_experiment(settings.home, "exp-1", homes.experiment())
    page, notices = look(settings)
    assert notices == [] and page.has_plot
    assert page.sentence == "Best is tiny, lr 2e-3, with test_acc 0.7500. 8 trainings, of which 4 failed."
    assert [row.cells[:3] for row in page.rows] == [
        *(["tiny", "1e-3", "0.7000"], ["tiny", "2e-3", "0.7500"], ["albert", "1e-3"], ["albert", "2e-3"])
    ]
    assert [row.is_best for row in page.rows] == [False, True, False, False]
    assert len(page.rows[0].cells) == len(page.headings) == 12 and page.headings[:3] == ("model", "lr", "test_acc")
    ((failed),) = page.failures
    assert (failed.model, failed.rates, failed.why) == ("albert", ["1e-3", "2e-3"], "no memory")
    facts = dict(page.facts)
    assert (facts["Ended"], facts["Seeds"], facts["Epochs"]) == ("2026-11-23 02:30", "1, 2", "2")
    assert facts["Trained on"] == "1,500 rows of /home/datasets/old_sentiment/train.tsv"


def test_a_row_of_which_one_seed_failed_has_figures_and_a_reason(settings: Settings) -> None:
    found = homes.experiment()
    found["rows"][0]["why"] = ["killed"]
    homes.write_experiment(settings.home, "exp-1", found)
    page, _ = look(settings)
    assert page.rows[0].cells[2] == "0.7000" and page.failures[0].why == "killed"


def test_before_the_table_there_is_the_plan(settings: Settings) -> None:
    found = homes.experiment()
    plan = {"trainings": found["trainings"], "setup": found["setup"], "data_run": "", "train_rows": 7, "test_rows": 3}
    plan = whole_json(ExperimentPlan, plan)
    homes.write_run(settings.home, "exp-1", {"experiment-plan": plan})
    page, notices = look(settings)
    assert page.sentence.startswith("8 trainings are planned") and page.rows == [] and notices == []
    assert dict(page.facts)["Trained on"] == "7 rows of datasets/old_sentiment/train.tsv"


def test_a_run_of_another_kind_is_no_experiment(settings: Settings) -> None:
    homes.whole_home(settings.home)
    assert experiment_of(settings, "night-2") is None and experiment_of(settings, "bench") is None


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 50_000, "{}", '{"rows": 5}', '{"rows": [1], "setup": {}}'])
def test_broken_results_are_a_notice(settings: Settings, content: str) -> None:
    folder = homes.write_experiment(settings.home, "exp-1", {})
    (folder / "results.json").write_text(content, encoding="utf-8")
    page, notices = look(settings)
    assert page.rows == [] and notices


BROKEN_CELLS: dict[str, list[Any]] = {
    "learning_rate": ["x", float("inf"), True, [], {}],
    "mean": [5, {}, {"test_acc": "x"}, None],
    "deviation": [5, {}, []],
    "why": [5, None, [[["x"]]], "text"],
    "model": [5, None, ["x"], "x" * 10_000, homes.EVIL],
    "trained": ["x", None, -1],
    "more": [1],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BROKEN_CELLS.items() for value in values]
)
def test_a_row_of_another_shape_is_one_notice_that_names_it(settings: Settings, name: str, value: object) -> None:
    found = homes.experiment()
    found["rows"][2][name] = value
    homes.write_experiment(settings.home, "exp-1", found)
    page, notices = look(settings)
    assert page.has_plot
    assert notices == [] if page.rows else len(notices) == 1 and f"rows[2].{name}" in notices[0]
    assert all(len(cell) <= 200 for row in page.rows for cell in row.cells)


@pytest.mark.parametrize("name", ["rows", "setup", "data", "trainings", "best", "failed", "at"])
@pytest.mark.parametrize("value", [None, 5, "x", [], {}, [1], 10**400])
def test_any_part_may_be_of_another_shape(settings: Settings, name: str, value: object) -> None:
    homes.write_experiment(settings.home, "exp-1", {**homes.experiment(), name: value})
    page, _ = look(settings)
    assert page.run == "exp-1" and page.has_plot


@pytest.mark.parametrize("name", ["results.json", "plot.png"])
def test_a_link_out_of_the_runs_leads_nowhere(settings: Settings, tmp_path: Path, name: str) -> None:
    folder = homes.write_experiment(settings.home, "exp-1", homes.experiment())
    elsewhere = tmp_path / "elsewhere"
    (folder / name).rename(elsewhere)
    (folder / name).symlink_to(elsewhere)
    page, notices = look(settings)
    assert len(notices) == 1 and (page.rows == []) == (name == "results.json") and not page.has_plot


def test_a_whole_folder_that_is_a_link_leads_nowhere(settings: Settings, tmp_path: Path) -> None:
    homes.write_experiment(tmp_path / "other", "exp-1", homes.experiment())
    settings.runs.mkdir()
    (settings.runs / "exp-1").symlink_to(tmp_path / "other" / "runs" / "exp-1")
    page, notices = look(settings)
    assert page.rows == [] and not page.has_plot and notices


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"text\tlabel\n"])
def test_what_is_no_png_is_no_plot(settings: Settings, content: bytes) -> None:
    folder = homes.write_experiment(settings.home, "exp-1", homes.experiment())
    (folder / "plot.png").write_bytes(content)
    page, notices = look(settings)
    assert not page.has_plot and notices == ["The plot of exp-1 is missing or broken."]


def test_a_pipe_in_place_of_a_file_is_not_waited_for(settings: Settings) -> None:
    folder = homes.write_experiment(settings.home, "exp-1", homes.experiment())
    for name in ("results.json", "plot.png"):
        (folder / name).unlink()
        os.mkfifo(folder / name)
    run = experiment_of(settings, "exp-1")
    assert run is not None and plot_of(settings, run) is None and look(settings)[1]


def test_an_entry_keeps_no_more_than_a_line_can_show(settings: Settings) -> None:
    homes.write_experiment(settings.home, "exp-1", homes.experiment())
    hostile = homes.listed("exp-1", at=homes.EVIL)
    homes.write_list(
        settings.home, {**hostile, "best": dict.fromkeys(("model", "lr", "test_acc"), "\u202e" + "x" * 999)}
    )
    ((row,), _) = rows_of(settings)
    assert max(map(len, row.__dict__.values())) < 300
    assert "\u202e" not in json.dumps(row.__dict__, ensure_ascii=False)
