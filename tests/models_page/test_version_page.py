"""One version's page, from whole files and from broken ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support import models_page_homes as homes
from support.evaluations import held_cases

from sentiment.models_page.ledger import read_ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.run_files import report_of
from sentiment.models_page.version_page import VersionPage, version_page
from sentiment.run_folder import RunFolder
from sentiment.serving.records import keep
from sentiment.settings import Settings


def look(settings: Settings, number: int = 2) -> tuple[VersionPage, list[str]]:
    notices = Notices()
    return version_page(read_ledger(settings.history), number, settings, notices), notices.lines


def test_a_loosened_gate_is_told_on_the_page(settings: Settings) -> None:
    homes.whole_home(settings.home)
    path = settings.runs / "night-2" / "gate.json"
    limits = [{"name": "margin", "asked": 0.2, "configured": 0.01}]
    found = json.loads(path.read_text()) | {"loosened": {"who": "ann", "reason": "few rows", "limits": limits}}
    path.write_text(json.dumps(found))
    page, notices = look(settings)
    assert notices == [] and page.gate
    assert page.gate.loosened == "The gate was loosened by ann: margin 0.2 instead of 0.01. Reason: few rows."


def test_broken_cases_that_must_hold_are_told_on_the_page(settings: Settings) -> None:
    homes.whole_home(settings.home)
    path = settings.runs / "night-2" / "gate.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"must_hold": held_cases("不是\u202e不好")}))
    page, notices = look(settings)
    assert notices == [] and page.gate
    assert page.gate.must_hold[0] == "Of 1 case, version 1 holds 1 and the candidate 0: it breaks 1 and mends 0."
    assert (
        page.gate.must_hold[1].startswith("Broken (may not change): true 負面")
        and "\u202e" not in page.gate.must_hold[1]
    )


def test_sources_are_a_table_on_the_page(settings: Settings) -> None:
    homes.whole_home(settings.home)
    page, notices = look(settings)
    assert notices == [] and page.gate
    assert page.gate.sources == [
        ("好吃到哭", "30", "0", "–", "–", "–"),
        ("no source", "0", "50", "0.820", "0.840", "+2.0"),
    ]


def test_all_that_is_known_of_a_version(settings: Settings) -> None:
    homes.whole_home(settings.home)
    page, notices = look(settings)
    assert notices == [] and page.role == "stable" and (page.older, page.newer) == (1, 3)
    assert page.gate and page.gate.stable == "version 1"
    assert page.gate.overridden == "The gate's failed checks were overridden by bob: all is well"
    worse, better = page.gate.flips
    assert (worse.title, better.title) == (
        "Right in version 1, wrong in version 2: 13",
        f"Wrong in version 1, right in version 2: {len(better.shown)}",
    )
    assert len(worse.shown) == 13 and (worse.shown[0].text, worse.shown[0].candidate) == ("好吃到哭", "負面 (0.97)")
    assert [(m.model, m.set, m.cells[0][0].rows) for m in page.matrices] == [
        ("This version", "frozen set", 40),
        ("Stable at that time", "frozen set", 45),
    ]
    assert page.matrices[0].cells[0][0].shade == 7 and page.matrices[0].cells[0][0].right
    assert page.data[0] == "30 new rows (正面 10, 負面 10, 中立 10) of delivery 4."
    assert [(bar.name, bar.new, bar.old) for bar in page.parts[1].bars] == [("base", 0, 60), ("2026-11-22", 30, 0)]
    failed = (False, "The run went on although its check failed: ")
    assert page.checks == [failed, (False, "Repeats: 好吃到哭"), (True, "Fine")] and page.has_report
    classes, characters = page.drawn
    assert [(pair.new, pair.stable, pair.new_to, pair.stable_to) for pair in classes.pairs[:2]] == [
        ("50.0\N{NO-BREAK SPACE}%", "25.0\N{NO-BREAK SPACE}%", 100.0, 50.0),
        ("25.0\N{NO-BREAK SPACE}%", "50.0\N{NO-BREAK SPACE}%", 50.0, 100.0),
    ]
    assert [(pair.name, pair.new_to, pair.stable_to) for pair in characters.pairs] == [("好", 100.0, 25.0)]
    assert [row.event for row in page.events] == ["promoted", "canary", "loaded on servers", "published"]


def test_a_rollback_is_in_the_history_of_both_versions(settings: Settings) -> None:
    back = homes.event("rolled_back", 1, **{"from": 2, "to": 1})
    homes.write_history(settings.home, [*homes.steps(1, None), *homes.steps(2, 1), back])
    assert look(settings, 1)[0].events[0].event == look(settings, 2)[0].events[0].event == "stable again"


def test_a_version_whose_run_is_gone_has_a_page(settings: Settings) -> None:
    homes.write_history(settings.home, homes.three_versions())
    page, notices = look(settings)
    assert page.gate is None and page.matrices == [] and not page.has_report
    assert notices == ["The folder runs/night-2 of version 2 is missing."]


def recorded_home(settings: Settings) -> RunFolder:
    """Publishes night-2 as version 2 with records of what its run left; returns the run's folder."""
    homes.whole_home(settings.home)
    run = RunFolder.named(settings, "night-2")
    kept = keep(settings, run, 2)
    events = homes.three_versions()
    homes.write_history(settings.home, [homes.with_records(event, kept) for event in events])
    return run


def test_the_page_shows_what_was_recorded_when_the_version_was_published(settings: Settings) -> None:
    run = recorded_home(settings)
    before, notices = look(settings)
    run.result("prepare").write_text(json.dumps(homes.results("somebody else's posts")["prepare"] | {"train_rows": 9}))
    run.result("gate").unlink()
    run.report.write_text("another training")
    after, notices_after = look(settings)
    assert (after, notices_after) == (before, notices) and notices == []
    report = report_of(settings, read_ledger(settings.history).state.versions[2])
    assert report and report.read_text() == "<p>curves</p>"
    shutil.rmtree(run.path)
    assert look(settings) == (before, [])


def test_a_record_that_was_changed_is_told(settings: Settings) -> None:
    recorded_home(settings)
    path = settings.records / "2" / "prepare.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"train_rows": 9}))
    assert look(settings)[1] == [
        "prepare.json of version 2 (run night-2) is not as it was when the version was published: `sentiment forget` "
        "took texts out of it, or somebody changed it."
    ]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, object]:
    """One step's result with one value in it, however deep, replaced by anything."""
    step = draw(st.sampled_from(["gate", "evaluation", "prepare", "check", "validate"]))
    result = homes.results()[step]
    place: object = result
    while isinstance(place, dict | list) and place:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        deeper = place[key]
        if not (isinstance(deeper, dict | list) and deeper) or draw(st.booleans()):
            place[key] = draw(values)
            break
        place = deeper
    return step, result


@given(damaged())
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_no_damage_to_a_result_raises(settings: Settings, damage: tuple[str, object]) -> None:
    step, result = damage
    if not settings.history.exists():  # one home for all damage: to make it takes most of the time
        homes.whole_home(settings.home)
    file = settings.runs / "night-2" / f"{step}.json"
    whole = file.read_bytes()
    file.write_text(json.dumps(result), encoding="utf-8")
    try:
        page, _ = look(settings)
    finally:
        file.write_bytes(whole)
    assert page.number == 2 and page.events[0].event == "promoted"


def test_the_report_is_the_runs_or_the_one_that_was_kept(settings: Settings) -> None:
    homes.whole_home(settings.home)
    version = read_ledger(settings.history).state.versions[2]
    assert report_of(settings, version) == settings.runs / "night-2" / "model" / "report.html"
    (settings.runs / "night-2" / "model" / "report.html").unlink()
    assert report_of(settings, version) is None
    kept = settings.trained / "2" / "report.html"
    kept.parent.mkdir(parents=True)
    kept.write_text("kept", encoding="utf-8")
    assert report_of(settings, version) == kept


@pytest.mark.parametrize("what", ["link out of the home", "folder", "link to itself"])
def test_only_a_file_of_the_home_is_a_report(settings: Settings, tmp_path: Path, what: str) -> None:
    homes.whole_home(settings.home)
    report = settings.runs / "night-2" / "model" / "report.html"
    report.unlink()
    if what == "folder":
        report.mkdir()
    else:
        secret = tmp_path.parent / f"{tmp_path.name}-secret.html"
        secret.write_text("secret", encoding="utf-8")
        report.symlink_to(secret if what == "link out of the home" else report)
    assert report_of(settings, read_ledger(settings.history).state.versions[2]) is None
