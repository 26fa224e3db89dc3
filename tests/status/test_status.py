"""`sentiment status`: as a table for a person and as JSON, with servers that answer and servers that do not."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from support.models_page_homes import write_decision
from support.results import whole

from sentiment.data import retraction
from sentiment.data.ledger import opened
from sentiment.data.ledger_batch import Counts
from sentiment.probe.record import append, probes_file
from sentiment.probe.term import term_of
from sentiment.results.probe import Probe
from sentiment.results.record import as_json
from sentiment.serving import open_questions
from sentiment.serving.change import changing
from sentiment.serving.history import read_state
from sentiment.serving.promote import promote
from sentiment.settings import Settings
from sentiment.status import canary
from sentiment.status.status import describe
from sentiment.status.table import lines_of
from sentiment.text.taipei import taipei_time
from sentiment.text.units import age

NOBODY = "http://127.0.0.1:9"


def shown(settings: Settings) -> tuple[dict[str, Any], str]:
    status = describe(read_state(settings), settings)
    return json.loads(json.dumps(status)), "\n".join(lines_of(status))


def test_it_says_everything_about_a_version(settings: Settings) -> None:
    status, text = shown(settings)
    newest, oldest = status["versions"]
    assert (newest["version"], newest["role"], newest["condition"], newest["bytes"]) == (2, "canary", "served", 1500)
    assert (oldest["frozen"], oldest["rolling"], oldest["rows"], oldest["run"]) == (0.84, 0.6, 1000, "第1夜")
    assert oldest["age_seconds"] >= 26 * 3600
    assert text.splitlines()[2].split() == [
        "1",
        "stable",
        "served",
        "0.8400",
        "0.6000",
        "1,000",
        "1.5",
        "kB",
        "26",
        "h",
        "第1夜",
    ]


def test_stable_and_canary_are_shown_on_the_same_rows(settings: Settings) -> None:
    write_decision(settings.home, "第2夜", stable=1)
    status, text = shown(settings)
    assert status["versions"][1]["rolling"] == 0.6 and status["versions"][1]["measured"]["rolling"]["rows"] == 450
    assert text.splitlines()[1].split()[3:5] == ["–", "0.8156"] and text.splitlines()[2].split()[3:5] == ["–", "0.7933"]
    assert "stable 1: rolling 0.793 on the same 450 rows, 27 Nov 2026" in text
    assert "canary 2: rolling 0.816 (+2.2 points) on the same 450 rows, 27 Nov 2026" in text


def test_a_server_that_is_down_is_said_to_be(settings: Settings) -> None:
    status, text = shown(settings)
    assert status["servers"][NOBODY] == {
        "reachable": False, "agrees": False, "labels": {}, "versions": {}, "answers": {}, "error": "Connection refused",
    }  # fmt: skip
    assert f"{NOBODY}  cannot be reached: Connection refused" in text


def test_what_is_not_as_it_should_be_is_said(settings: Settings) -> None:
    (settings.versions / ".3.tmp").mkdir()
    (settings.versions / "77").mkdir()
    (settings.versions / "2" / "saved_model.pb").unlink()
    status, text = shown(settings)
    assert list(status["damaged"]) == ["2"]
    assert status["versions"][0]["condition"] == "damaged"
    assert f"version 2: no saved_model.pb in {settings.versions / '2'}" in text
    assert f"to repair: {settings.versions / '.3.tmp'} is left over from an interrupted command" in text
    assert f"not in the history: {settings.versions / '77'}: this system did not publish it" in text


def test_while_somebody_changes_it_nothing_is_called_half_made(settings: Settings) -> None:
    with changing(settings, "小王"):
        (settings.versions / ".3.tmp").mkdir()
        status, text = shown(settings)
    assert status["to_mend"] == []
    assert "a change is running: 小王 (process " in text


def test_an_edit_by_hand_is_shown_with_both_ways_out(settings: Settings) -> None:
    config = settings.models_config
    config.write_text(config.read_text().replace("value: 1", "value: 2"))
    status, text = shown(settings)
    assert "-      value: 1\n+      value: 2" in status["edit"]
    assert status["edit"] in text
    assert text.endswith("`sentiment status --adopt-config`, discard it with `sentiment status --restore-config`.")


def test_how_the_canary_stands_after_its_last_probe_is_shown(settings: Settings) -> None:
    status, text = shown(settings)
    assert status["probe"] is None
    assert "\nTrial: 0 of 30 minutes of good answers, not probed yet.\n" in text
    term = term_of(settings)
    assert term is not None
    at = [(datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds") for minutes in (14, 4)]
    good = whole(Probe, as_json(term), at=at[0], outcome="good")
    bad = structs.replace(good, at=at[1], outcome="bad", reasons=["its accuracy is 0.61, stable's 0.84"])
    append(probes_file(settings), good)
    append(probes_file(settings), structs.replace(bad, canary=1))
    with probes_file(settings).open("a") as handle:
        handle.write('["no probe"]\n{"at": "2026')
    status, text = shown(settings)
    assert (status["probe"]["healthy"], status["probe"]["at"]) == (True, at[0])
    append(probes_file(settings), bad)
    status, text = shown(settings)
    assert (status["probe"]["version"], status["probe"]["healthy"], status["probe"]["bad_in_a_row"]) == (2, False, 1)
    assert "\nVersion 2 answers badly" in text
    assert "its accuracy is 0.61, stable's 0.84" in text


def test_a_canary_that_a_person_is_asked_about_says_so(settings: Settings) -> None:
    since = taipei_time(datetime.fromisoformat(shown(settings)[0]["trial"]["since"]))
    assert f"\nVersion 2 is the canary since {since}.\n" in shown(settings)[1]
    open_questions.ask(settings, "night", 2)
    assert f"\nVersion 2 is the canary since {since} and awaits your approval.\n" in shown(settings)[1]
    open_questions.ask(settings, "another night", 3)  # a newer question closes it
    assert "awaits your approval" not in shown(settings)[1]


def test_the_trial_is_told_as_of_its_last_probe() -> None:
    trial = {"version": 2, "since": "2026-11-27T22:00:00+00:00", "asked": True, "wanted_minutes": 30.0}
    probe = {"at": "2026-11-27T23:25:00+00:00", "healthy": True, "good_minutes": 12.6, "sentence": "It is well."}
    same_day, next_day = (datetime(2026, 11, day, 23, 30, tzinfo=UTC) for day in (27, 28))
    assert list(canary.told(trial, probe, same_day)) == [
        "Version 2 is the canary since 28 Nov 06:00 (Taipei) and awaits your approval.",
        "Trial: 12 of 30 minutes of good answers, as of 07:25.",
    ]
    assert list(canary.told(trial, probe, next_day))[1].endswith("as of 28 Nov 07:25 (Taipei).")
    assert next(canary.told({**trial, "since": ""}, None)).startswith("Version 2 is the canary since an unknown time")
    assert list(canary.told(None, None)) == []


def test_before_the_first_version_it_says_so(tmp_path: Path) -> None:
    status, text = shown(Settings(home=tmp_path, serving_urls=""))
    assert (status["stable"], status["versions"], status["servers"]) == (None, [], {})
    unset = "no backup is set: SENTIMENT_BACKUP_FOLDER names no folder"
    assert text.splitlines() == ["no version has been published yet", "", unset]
    assert list(tmp_path.iterdir()) == [], "looking changes nothing"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "–"), (-5, "0 s"), (59, "59 s"), (119, "119 s"), (7199, "119 min"), (90_000, "25 h"), (10**6, "11 days")],
)
def test_ages_are_said_as_people_say_them(seconds: float | None, said: str) -> None:
    assert age(seconds) == said


def test_servers_that_do_not_agree_are_told(two_servers: Any) -> None:
    shop = two_servers
    shop.deploy(1)
    shop.do(promote, 1)
    _, text = shown(shop.settings)
    assert text.count("stable 1  1 AVAILABLE") == 2
    assert "agree" not in text
    for poll in shop.clients[1].server._polls:
        poll.stop()  # it does not hear of the next canary
    both, shop.settings = shop.settings, replace(shop.settings, serving_urls=shop.clients[0].server.rest_url)
    shop.deploy(2)
    status, text = shown(both)
    assert [said["agrees"] for said in status["servers"].values()] == [True, False]
    assert "stable 1, canary 2" in text
    assert "The servers do not agree about the labels." in text


def test_it_starts_without_tensorflow_and_fast(settings: Settings) -> None:
    code = (
        "import sys, time, sentiment.cli\n"
        "assert sentiment.cli.run(['status']) == 0\n"
        "heavy = {name.split('.')[0] for name in sys.modules} & {'tensorflow', 'numpy', 'grpc'}\n"
        "assert not heavy, heavy\n"
        "assert time.process_time() < 1.0, time.process_time()"
    )
    environment = {"SENTIMENT_HOME": str(settings.home), "SENTIMENT_SERVING_URLS": NOBODY}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["stable"] == 1


def test_a_retracted_delivery_is_told_until_that_is_undone(settings: Settings) -> None:
    with opened(settings.posts_database) as ledger, ledger.writing() as connection:
        ledger.record(1, "夜.tsv", "hash", Counts())
        retraction.change(ledger, connection, 1, False, "小明", "labels at random")
    status, text = shown(settings)
    assert [(one["delivery"], one["who"]) for one in status["retracted"]["deliveries"]] == [(1, "小明")]
    assert "Delivery 1 (夜.tsv) was retracted by 小明 on 20" in text and ": labels at random\n" in text
    with opened(settings.posts_database) as ledger, ledger.writing() as connection:
        retraction.change(ledger, connection, 1, True, "小明", "they were right")
    assert "retracted" not in shown(settings)[1]


def test_a_damaged_ledger_does_not_hide_the_rest(settings: Settings) -> None:
    settings.posts_database.parent.mkdir()
    settings.posts_database.write_bytes(b"no ledger" * 1000)
    status, text = shown(settings)
    assert status["stable"] == 1 and "which deliveries are retracted is not known: the ledger" in text
