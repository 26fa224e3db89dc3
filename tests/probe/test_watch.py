"""`sentiment watch` against a real server: a bad canary goes, a good one stays, and stable never notices."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from typing import Any

import pytest
from support.results import in_json

from sentiment.cli import run
from sentiment.errors import UnavailableError
from sentiment.probe import record
from sentiment.probe import watch as watching
from sentiment.probe.record import probes_file
from sentiment.probe.watch import WHO
from sentiment.serving import history
from sentiment.serving.history import read_state

watch, read_probes, read_events = (
    in_json(function) for function in (watching.watch, record.read_probes, history.read_events)
)


def events(stand: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_events(stand.settings.history)
    return found


def test_a_good_canary_stays(stand: Any) -> None:
    stand.canary(2, "good")
    found = watch(stand.settings)
    assert (found["canary"], found["healthy"], found["withdrawn"]) == (2, True, False)
    assert found["probe"]["outcome"] == "good" and found["probe"]["set"] == "rolling"
    [server] = found["probe"]["servers"].values()
    for side in ("stable", "canary"):
        assert (server[side]["answers"], server[side]["accuracy"], server[side]["errors"]) == (24, 1.0, 0)
        assert server[side]["p50_ms"] <= server[side]["p95_ms"] <= server[side]["p99_ms"]
        assert server[side]["first_ms"] > 0 and server[side]["interval"][0] > 0.8
    assert server["pairs"] == {"rows": 24, "only_stable_right": 0, "only_canary_right": 0, "disagreements": 0}
    assert "is baked" in found["sentence"] and "examples" not in found["probe"]
    assert read_state(stand.settings).canary == 2


@pytest.mark.parametrize(
    ("toy", "bad_probes", "why"),
    [
        ("wrong", 3, "33.3 percentage points fewer right answers than stable on the same 24 posts"),
        ("failing", 3, "8 of 24 questions failed"),
        ("slow", 2, "95 % of the answers took up to"),
    ],
)
def test_a_bad_canary_goes_after_bad_probes_in_a_row_and_stable_never_notices(
    stand: Any, toy: str, bad_probes: int, why: str
) -> None:
    stand.environment["SENTIMENT_CANARY_BAD_PROBES"] = str(bad_probes)
    stand.environment["SENTIMENT_CANARY_SLOWDOWN"] = "1.5"  # this machine may be busy with other tests
    stand.canary(2, toy)
    wrong: list[str] = []
    over = threading.Event()

    def customer() -> None:
        while not over.wait(0.05):
            wrong.extend(label for label in [stand.ask("stable")] if label != "正面")

    asking = threading.Thread(target=customer)
    asking.start()
    for number in range(1, bad_probes):
        found = watch(stand.settings)
        assert (found["canary"], found["healthy"], found["withdrawn"]) == (2, False, False)
        assert f"bad probe {number} in a row" in found["sentence"] and why in found["sentence"]
    found = watch(stand.settings)
    stand.server.wait_until(2, "END")
    over.set()
    asking.join()
    assert (found["canary"], found["version"], found["healthy"], found["withdrawn"]) == (None, 2, False, True)
    assert why in found["sentence"] and "version 1 is stable, as before" in found["sentence"]
    assert [probe["outcome"] for probe in found["bad_probes"]] == ["bad"] * bad_probes
    last = events(stand)[-1]
    assert (last["event"], last["who"], last["version"]) == ("withdrawn", WHO, 2) and why in last["why"]
    assert wrong == [] and stand.ask("stable") == "正面"
    assert watch(stand.settings)["sentence"] == "There is no canary."


def test_the_worst_examples_say_what_changed(stand: Any) -> None:
    stand.environment["SENTIMENT_CANARY_BAD_PROBES"] = "1"
    stand.canary(2, "wrong")
    examples = watch(stand.settings)["probe"]["examples"]
    assert len(examples) == 8
    assert all(found["text"].startswith("問") and found["true"] == found["stable"] == 0 for found in examples)
    assert "第" not in probes_file(stand.settings).read_text(encoding="utf-8"), "the record quotes no post"


def test_servers_that_do_not_answer_are_never_held_against_the_canary(stand: Any) -> None:
    stand.canary(2, "good")
    stand.server.server.stop()
    for _ in range(4):
        with pytest.raises(UnavailableError, match="cannot be reached"):
            watch(stand.settings)
    assert read_state(stand.settings).canary == 2
    assert [probe["outcome"] for probe in read_probes(probes_file(stand.settings))] == ["unreachable"] * 4


def test_a_stable_that_fails_as_well_is_not_the_canarys_fault(stand: Any) -> None:
    stand.canary(2, "failing")
    stand.promote(2)
    stand.canary(3, "failing")
    for _ in range(4):
        with pytest.raises(UnavailableError, match="stable failed, too: 8 of 24"):
            watch(stand.settings)
    assert read_state(stand.settings).canary == 3


def test_of_two_servers_the_one_that_answers_decides(stand: Any) -> None:
    stand.canary(2, "wrong")
    stand.environment["SENTIMENT_SERVING_URLS"] += ",http://127.0.0.1:9"
    stand.environment["SENTIMENT_CANARY_BAD_PROBES"] = "1"
    found = watch(stand.settings)
    assert found["withdrawn"] and f"(at {stand.server.server.rest_url})" in found["sentence"]
    assert "refused" in found["probe"]["servers"]["http://127.0.0.1:9"]["unreachable"]


def test_a_label_that_means_another_version_is_waited_for(stand: Any) -> None:
    stand.canary(2, "good")
    stand.publish(3, "good")
    (stand.settings.versions / "3" / "saved_model.pb").unlink()  # so the server keeps what it has
    stand.server = None
    stand.canary(3, "good")
    with pytest.raises(UnavailableError, match="label canary is version 2, not version 3"):
        watch(stand.settings)


def test_a_canary_that_the_server_lost_is_bad(stand: Any) -> None:
    """As after a restart in which it could not be loaded again: who is sent to canary gets errors."""
    stand.canary(2, "good")
    text = stand.settings.models_config.read_text(encoding="utf-8")
    text = re.sub(r'version_labels \{\s*key: "canary"\s*value: 2\s*\}|versions: 2', "", text)
    stand.settings.models_config.write_text(text, encoding="utf-8")
    stand.server.wait_until(2, "END")
    found = watch(stand.settings)
    assert not found["healthy"] and "24 of 24 questions failed" in found["sentence"]


def test_a_try_that_was_killed_after_it_withdrew_still_tells(stand: Any) -> None:
    stand.environment["SENTIMENT_CANARY_BAD_PROBES"] = "1"
    stand.canary(2, "wrong")
    first = watch(stand.settings, 2)
    again = watch(stand.settings, 2)
    assert again["withdrawn"] and again["sentence"] == first["sentence"]
    assert again["bad_probes"] == first["bad_probes"] and again["probe"] is None
    assert len([event for event in events(stand) if event["event"] == "withdrawn"]) == 1


def test_a_version_that_a_person_decided_about_is_left_alone(stand: Any) -> None:
    stand.canary(2, "good")
    stand.withdraw(2)
    found = watch(stand.settings, 2)
    assert (found["healthy"], found["withdrawn"]) == (True, False)
    assert found["sentence"] == "Nothing to do: version 2 is withdrawn, not the canary."


def test_two_at_once_withdraw_once(stand: Any) -> None:
    stand.environment["SENTIMENT_CANARY_BAD_PROBES"] = "2"
    stand.canary(2, "wrong")
    found: list[Any] = []
    watchers = [threading.Thread(target=lambda: found.append(watch(stand.settings))) for _ in range(4)]
    for thread in watchers:
        thread.start()
    for thread in watchers:
        thread.join()
    assert len([event for event in events(stand) if event["event"] == "withdrawn"]) == 1
    assert len(found) == 4 and sum(one["withdrawn"] for one in found) >= 1


@pytest.mark.slow
def test_killed_at_any_moment_it_withdraws_once_or_not_yet(stand: Any) -> None:
    stand.environment |= {"SENTIMENT_CANARY_BAD_PROBES": "3", "SENTIMENT_CANARY_ROWS": "24"}
    stand.canary(2, "wrong")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SENTIMENT_")}
    command = [sys.executable, "-m", "sentiment", "watch"]
    for number in range(10):
        watcher = subprocess.Popen(
            command, env={**kept, **stand.environment}, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            watcher.wait(0.3 + 0.08 * number)
        watcher.kill()
        watcher.wait()
        bad = [probe for probe in read_probes(probes_file(stand.settings)) if probe["outcome"] == "bad"]
        gone = [event for event in events(stand) if event["event"] == "withdrawn"]
        assert (len(gone), read_state(stand.settings).canary) in ((0, 2), (1, None))
        assert len(bad) >= 3 * len(gone)
    for _ in range(3):
        found = watch(stand.settings, 2)
    assert found["withdrawn"] and len(found["bad_probes"]) >= 3
    assert len([event for event in events(stand) if event["event"] == "withdrawn"]) == 1
    assert stand.ask("stable") == "正面"


def test_a_canary_that_comes_back_begins_anew(stand: Any) -> None:
    stand.canary(2, "wrong")
    watch(stand.settings)
    watch(stand.settings)
    stand.withdraw(2)
    stand.server.wait_until(2, "END")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sentiment.serving.change.now", lambda: "2999-01-01T00:00:00+00:00")
        stand.canary(2, "wrong")
    assert not watch(stand.settings)["withdrawn"]


def test_without_a_canary_nobody_is_asked(dry: Any, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    for name, value in dry.environment.items():
        monkeypatch.setenv(name, value)
    for verb in ("watch", "probe"):
        assert run([verb]) == 0
        printed = capsys.readouterr()
        assert json.loads(printed.out)["canary"] is None and "There is no canary." in printed.err
    assert not probes_file(dry.settings).exists()


def test_the_commands_show_a_table_and_exit_codes(
    stand: Any, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    stand.canary(2, "wrong")
    for name, value in stand.environment.items():
        monkeypatch.setenv(name, value)
    capsys.readouterr()
    assert run(["probe"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out.splitlines()[-1])["outcome"] == "bad"
    assert "stable 1    1.0000" in printed.err and "canary 2    0.6667" in printed.err
    assert "they disagree on 8 of 24 (33.3%); only stable right 8, only canary right 0" in printed.err
    stand.server.server.stop()
    assert run(["watch"]) == 1
    assert "Check the model servers; the canary stays as it is." in capsys.readouterr().err
