"""publish, canary, promote, withdraw, rollback against a real server: what customers see after each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import structs
from support.results import whole

from sentiment.errors import InputError, UnavailableError
from sentiment.results.decision import Gate, Loosened, LooserLimit, Overridden
from sentiment.results.deliveries import Check
from sentiment.results.events import Canary, Published
from sentiment.results.validation import Validation
from sentiment.run_folder import RunFolder
from sentiment.serving import servers
from sentiment.serving.canary import canary
from sentiment.serving.change import changing
from sentiment.serving.history import read_events, read_state
from sentiment.serving.promote import promote
from sentiment.serving.publish import candidate_of_run, publish
from sentiment.serving.rollback import rollback
from sentiment.serving.withdraw import withdraw


def test_from_publish_to_stable_and_back(shop: Any) -> None:
    assert shop.deploy(1) == 1
    assert shop.do(promote, 1, "first")["stable"] == 1
    assert shop.says("/labels/stable") == "正面"
    shop.deploy(2)
    assert (shop.says("/labels/stable"), shop.says("/labels/canary")) == ("正面", "負面")
    outcome = shop.do(promote, 2, "better")
    assert (outcome["stable"], outcome["previous"], outcome["changed"]) == (2, 1, True)
    assert shop.says("/labels/stable") == "負面"
    assert shop.says("/versions/1") == "正面", "the previous version stays loaded"
    assert shop.do(rollback, None, "complaints")["stable"] == 1
    assert shop.says("/labels/stable") == "正面"
    assert shop.do(rollback, None, "again")["changed"] is False


def test_publishing_twice_makes_one_version(shop: Any) -> None:
    candidate = shop.candidate(1)
    with changing(shop.settings) as change:
        assert publish(change, candidate) == (1, False)
        assert publish(change, candidate) == (1, True)
    assert json.loads((shop.settings.trained / "1" / "model.json").read_text())["data"]["watermark"] == 1
    assert read_state(shop.settings).versions[1].data.rows == 100


def test_a_folder_that_a_crash_left_is_used_and_a_strangers_is_not(shop: Any) -> None:
    candidate = shop.candidate(1)
    (shop.settings.versions / "1").mkdir(parents=True)
    with changing(shop.settings) as change:
        number, _ = publish(change, candidate)
    assert number == 2
    for path in (shop.settings.history, shop.settings.history_copy, shop.settings.models_config):
        path.unlink()
    with changing(shop.settings) as change:
        assert publish(change, candidate) == (2, False)
    assert list((shop.settings.versions / "1").iterdir()) == []


def test_a_canary_that_does_not_load_leaves_stable_alone(shop: Any) -> None:
    shop.deploy(1)
    shop.do(promote, 1)

    def truncate(export: Path) -> None:
        data = next((export / "variables").glob("*.data-*"))
        data.write_bytes(data.read_bytes()[:10])

    with changing(shop.settings) as change:
        number, _ = publish(change, shop.candidate(2, truncate))
        with pytest.raises(InputError, match=r"every server must have loaded version 2.*could not load version 2"):
            canary(change, number)
    state = read_state(shop.settings)
    assert (state.stable, state.canary, state.served, state.versions[2].condition) == (1, None, (1,), "failed")
    assert shop.says("/labels/stable") == "正面"


def test_a_canary_that_did_not_load_may_be_tried_again(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server tells of a failed load until the next one (`servable_state_monitor.cc:HandleEvent`), and reads late.

    It tries again only what it has let go meanwhile (`aspired_versions_manager.cc:FlushServables`).
    """
    shop.deploy(1)
    shop.do(promote, 1)
    versions = shop.client.server.core._versions
    loads = versions._loader
    monkeypatch.setattr(versions, "_loader", lambda path: (_ for _ in ()).throw(OSError("the disk hiccups")))
    with changing(shop.settings) as change:
        number, _ = publish(change, shop.candidate(2))
        with pytest.raises(InputError, match=r"could not load version 2: INTERNAL: OSError: the disk hiccups"):
            canary(change, number)
    monkeypatch.setattr(versions, "_loader", loads)
    monkeypatch.setattr(servers, "SECONDS_UNTIL_READ", 0.5)
    with changing(shop.settings) as change:
        assert canary(change, number).canary == 2
    assert shop.says("/labels/canary") == "負面"


def test_a_decision_about_a_replaced_canary_changes_nothing(shop: Any) -> None:
    shop.deploy(1)
    shop.do(promote, 1)
    shop.deploy(2)
    shop.deploy(3)
    for verb in (promote, withdraw):
        outcome = shop.do(verb, 2, "late")
        assert outcome["changed"] is False
        assert "version 3 is the canary now" in outcome["sentence"]
    assert shop.says("/labels/stable") == "正面"


def test_an_old_answer_about_the_same_version_changes_nothing(shop: Any) -> None:
    shop.deploy(1)
    shop.do(promote, 1)
    shop.deploy(2)
    assert shop.do(promote, 2, "good", 1)["changed"] is True
    with changing(shop.settings, "ops") as change:
        rollback(change, 1)
    with changing(shop.settings, "ops") as change:
        canary(change, 2)
    for verb in (promote, withdraw):
        outcome = shop.do(verb, 2, "the answer of last week", 1)
        assert outcome["changed"] is False
        assert "has become the canary again since it was decided about" in outcome["sentence"]
    assert shop.do(promote, 2, "good again", 2)["stable"] == 2


def test_a_withdrawn_canary_is_unloaded(shop: Any) -> None:
    shop.deploy(1)
    shop.do(promote, 1)
    shop.deploy(2)
    assert shop.do(withdraw, 2, "worse on shops")["canary"] is None
    shop.client.wait_until(2, "END")
    last = json.loads(shop.settings.history.read_text().splitlines()[-1])
    assert (last["event"], last["who"], last["why"]) == ("withdrawn", "ops", "worse on shops")


def test_a_version_whose_files_changed_is_not_loaded_and_is_published_anew(shop: Any) -> None:
    shop.deploy(1)
    shop.do(promote, 1)
    candidate = shop.candidate(2)
    with changing(shop.settings) as change:
        number, _ = publish(change, candidate)
        graph = shop.settings.versions / str(number) / "saved_model.pb"
        graph.write_bytes(graph.read_bytes()[:-1] + b"?")
        with pytest.raises(InputError, match="must be as they were published; found changed content"):
            canary(change, number)
        graph.unlink()
        with pytest.raises(InputError, match=r"version 2 must be as they were published; found no saved_model\.pb"):
            canary(change, number)
        assert change.state.staged is None
        assert publish(change, candidate) == (3, False)
        assert canary(change, 3).canary == 3
    assert shop.says("/labels/stable") == "正面"


def test_an_export_that_changes_while_it_is_copied_is_not_published(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = shop.candidate(1)
    copy = shutil.copytree

    def copy_late(source: Path, target: Path, *rest: Any, **more: Any) -> object:
        (candidate.export / "saved_model.pb").write_bytes(b"still being written")
        return copy(source, target, *rest, **more)

    monkeypatch.setattr(shutil, "copytree", copy_late)
    with changing(shop.settings) as change, pytest.raises(InputError, match="must not change while it is copied"):
        publish(change, candidate)
    assert [path.name for path in shop.settings.versions.iterdir()] == [".1.tmp"]
    with changing(shop.settings) as change:
        assert change.state.versions == {}
    assert list(shop.settings.versions.iterdir()) == []


def test_a_rollback_by_hand_says_how_readers_of_the_archive_are_pointed_back(
    shop: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in (1, 2):
        shop.deploy(version)
        shop.do(promote, version)
    shop.settings.scores_folder.mkdir(parents=True)
    (shop.settings.scores_folder / "current.json").write_text("{}", encoding="utf-8")
    assert shop.run(monkeypatch, "rollback") == 0
    assert "`sentiment score --only-point --version stable` points them back" in capsys.readouterr().err
    assert shop.run(monkeypatch, "rollback") == 0
    assert "--only-point" not in capsys.readouterr().err, "nothing changed"


def test_a_rollback_to_damaged_files_is_refused(shop: Any) -> None:
    for number in (1, 2):
        shop.deploy(number)
        shop.do(promote, number)
    shutil.rmtree(shop.settings.versions / "1" / "variables")
    with pytest.raises(InputError, match="version 1 must be as they were published; found no variables"):
        shop.do(rollback, None)
    assert read_state(shop.settings).stable == 2


def test_rolling_back_twice_loads_the_earlier_version_first(shop: Any) -> None:
    for number in (1, 2, 3):
        shop.deploy(number)
        shop.do(promote, number)
    shop.do(rollback, None)
    shop.client.wait_until(1, "END")
    assert shop.do(rollback, 1)["stable"] == 1
    assert [entry["event"] for entry in shop.history[-3:]] == ["rolled_back", "staged", "rolled_back"]
    assert shop.says("/labels/stable") == "正面"


def test_a_repeated_rollback_does_not_go_back_twice_although_a_canary_came_between(shop: Any) -> None:
    for number in (1, 2):
        shop.deploy(number)
        shop.do(promote, number)
    shop.do(rollback, None)
    shop.deploy(3)
    outcome = shop.do(rollback, None)
    assert (outcome["changed"], outcome["stable"], outcome["canary"]) == (False, 1, 3)


def without_the_second_server(shop: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stops the second server; returns its address."""
    monkeypatch.setattr(servers, "SECONDS_UNTIL_UNREACHABLE", 0.5)
    shop.clients[1].server.stop()
    return str(shop.clients[1].server.rest_url)


@pytest.mark.parametrize("verb", [canary, promote, rollback])
def test_a_label_moves_only_when_every_server_has_the_version(
    two_servers: Any, monkeypatch: pytest.MonkeyPatch, verb: Callable[..., Any]
) -> None:
    shop = two_servers
    for number in (1, 2):
        shop.deploy(number)
        shop.do(promote, number)
    shop.deploy(3)
    gone = without_the_second_server(shop, monkeypatch)
    before, version = read_state(shop.settings), {canary: 4, promote: 3, rollback: 1}[verb]
    with changing(shop.settings) as change:
        change.record("published", 4, digest="")
    shutil.copytree(shop.toys[1], shop.settings.versions / "4")
    with pytest.raises(UnavailableError, match=f"every server must have loaded version {version}.*{gone} cannot be"):
        shop.do(verb, version)
    after = read_state(shop.settings)
    assert (after.labels, after.served) == (before.labels, before.served)
    assert (shop.says("/labels/stable"), shop.says("/labels/canary")) == ("負面", "中立")


def test_a_rollback_can_do_without_a_server_that_is_down(two_servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = two_servers
    for number in (1, 2):
        shop.deploy(number)
        shop.do(promote, number)
    gone = without_the_second_server(shop, monkeypatch)
    with pytest.raises(UnavailableError, match="--skip-unreachable"):
        shop.do(rollback, None)
    outcome = shop.do(rollback, None, "3 a.m.", True)
    assert outcome["stable"] == 1
    assert f"not confirmed by {gone}" in outcome["sentence"]
    assert shop.history[-1]["skipped"] == [gone]
    assert shop.says("/labels/stable") == "正面"


def test_a_server_that_answers_is_not_skipped(two_servers: Any) -> None:
    shop = two_servers
    for number in (1, 2):
        shop.deploy(number)
        shop.do(promote, number)
    lagging = shop.clients[1].server
    for poll in lagging._polls:
        poll.stop()  # it does not read models.config any more
    shop.settings = replace(shop.settings, load_timeout=1.0)
    with pytest.raises(UnavailableError, match=f"found {lagging.rest_url} did not answer label stable with version 1"):
        shop.do(rollback, None, "", True)
    assert read_state(shop.settings).stable == 1, "the history has it; the server follows when it reads the file"


def test_a_version_that_takes_too_long_is_taken_out_again(shop: Any) -> None:
    shop.deploy(1)
    shop.do(promote, 1)
    for poll in shop.client.server._polls:
        poll.stop()  # to the operator it looks like a version that takes for ever
    shop.settings = replace(shop.settings, load_timeout=1.0)
    with pytest.raises(UnavailableError, match=r"must have loaded version 2 .*did not load version 2 within 1 s"):
        shop.deploy(2)
    state = read_state(shop.settings)
    assert (state.labels, state.served, state.versions[2].condition) == ({"stable": 1}, (1,), "published")
    assert "did not load" in shop.history[-1]["why"]
    assert shop.says("/labels/stable") == "正面"


def test_without_a_server_no_label_moves(shop: Any) -> None:
    candidate = shop.candidate(1)
    shop.settings = replace(shop.settings, serving_urls="")
    with changing(shop.settings) as change:
        number, _ = publish(change, candidate)
        with pytest.raises(InputError, match="SENTIMENT_SERVING_URLS must name a server"):
            canary(change, number)
    assert read_state(shop.settings).served == ()


def test_a_full_disk_is_noticed_before_anything_is_copied(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with changing(shop.settings) as change, pytest.raises(InputError, match=r"0\.0 MB free"):
        publish(change, shop.candidate(1))
    assert list(shop.settings.versions.iterdir()) == []
    assert read_state(shop.settings).versions == {}


def test_every_refusal_is_one_line_and_exit_code_2(
    shop: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2):
        shop.deploy(number)
        shop.do(promote, number)
    for number in (3, 4, 5, 6, 7):
        with changing(shop.settings) as change:
            change.record("published", number)
    with changing(shop.settings) as change:
        change.record("pruned", 7)
    refusals = {
        "publish": "give --run, or --export with --model",
        "publish --run night-9": "step 'gate' of run night-9 must have finished",
        "canary --version 99": "the version must have been published; found version 99",
        "canary --version 1": "an earlier stable version can only come back by a rollback",
        "canary --version 7": "the version's files must still exist; found version 7, pruned",
        "canary --version 3": "the files of version 3 must be as they were published; found no folder",
        "promote": "there must be a canary to promote; found none",
        "promote --version 99": "the version to promote must have been published; found version 99",
        "promote --version 3": "the version to promote must be the canary; found version 3, which is published",
        "withdraw": "there must be a canary to withdraw; found none",
        "withdraw --version 2": "only the canary can be withdrawn; found version 2, which is stable",
        "withdraw --version 3": "the version to withdraw must be the canary; found version 3, which is published",
        "rollback --to 99": "a rollback must name an earlier stable version; found version 99; earlier ones: 1",
        "rollback --to 3": "found version 3, which is published; earlier ones: 1",
        "rollback --to 7": "found version 7, which is pruned; earlier ones: 1",
        "status --restore-config --adopt-config": "either discarded or adopted",
    }
    before = shop.settings.history.read_bytes()
    for line, refusal in refusals.items():
        capsys.readouterr()
        assert shop.run(monkeypatch, *line.split()) == 2, line
        said = capsys.readouterr()
        assert refusal in said.err, line
        assert (said.err.count("\n"), said.out) == (1, ""), line
    assert shop.settings.history.read_bytes() == before


def test_what_is_so_already_is_said_and_is_no_failure(
    shop: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.candidate(1)
    shop.candidate(2)
    answers = {
        "publish --run night-1": "version 1 is published",
        "publish --run night-1 --who x": "version 1 was published before",
        "canary --run night-1": "Version 1 is the canary.",
        "canary --version 1": "Version 1 is already the canary.",
        "promote --version 1": "Version 1 is stable now (before: none).",
        "promote --version 1 --who x": "Version 1 is already stable.",
        "canary --version 1 --who x": "Version 1 is already stable.",
        "canary --run night-2": "Version 2 is the canary.",
        "withdraw --version 2": "Version 2 is withdrawn; stable is 1.",
        "withdraw --version 2 --who x": "Nothing changed: version 2 is withdrawn; there is no canary now.",
        "promote --version 2": "Nothing changed: version 2 is withdrawn; there is no canary now.",
        "canary --version 2": "Version 2 is the canary.",
        "promote": "Version 2 is stable now (before: 1).",
        "rollback --reason complaints": "Version 1 is stable again (before: 2).",
        "rollback": "Nothing changed: the last move was a rollback to 1; use --to to go back further.",
        "rollback --to 1": "Version 1 is already stable.",
    }
    for line, answer in answers.items():
        capsys.readouterr()
        assert shop.run(monkeypatch, *line.split()) == 0, line
        said = capsys.readouterr()
        assert answer in said.err, line
        assert json.loads(said.out.splitlines()[-1]), line


@pytest.mark.parametrize(
    ("validation", "refusal"),
    [
        (None, "step 'validate' of run night-1 must have finished.*Run `sentiment validate --run night-1` first"),
        (
            {"passed": False, "sentence": "It answers otherwise."},
            "must have passed its validation.*It answers otherwise",
        ),
        ({"passed": True}, "must be the one that was validated"),
        ({"passed": True, "digest": "of another export"}, "must be the one that was validated"),
    ],
)
def test_a_run_is_published_only_as_it_was_validated(
    shop: Any, validation: dict[str, Any] | None, refusal: str
) -> None:
    shop.candidate(1)
    run = RunFolder.named(shop.settings, "night-1")
    run.result("validate").unlink()
    if validation is not None:
        run.write(whole(Validation, validation))
    with pytest.raises(InputError, match=refusal):
        candidate_of_run(run)


@pytest.mark.parametrize(
    ("check", "refusal"),
    [
        (None, "step 'check' of run night-1 must have finished.*Run `sentiment check --run night-1` first"),
        ({"passed": False, "sentence": "Half cannot be read."}, "must have passed their check.*Half cannot be read"),
        ({"passed": True, "fingerprint": "b" * 64}, "must have seen the rows.*a check of other rows"),
        ({"passed": True, "fingerprint": "a" * 64}, ""),
        ({"passed": True}, ""),  # of an earlier version
    ],
)
def test_a_run_is_published_only_when_its_check_passed_for_the_rows_that_were_trained(
    shop: Any, monkeypatch: pytest.MonkeyPatch, check: dict[str, Any] | None, refusal: str
) -> None:
    """A person may mark Airflow's task `check` as a success, whether it failed or never ran."""
    shop.candidate(1)
    run = RunFolder.named(shop.settings, "night-1")
    (run.model / "model.json").write_text(json.dumps({"data": {"watermark": 1, "rows": 100, "fingerprint": "a" * 64}}))
    run.result("check").unlink()
    if check is not None:
        run.write(whole(Check, check))
    if refusal:
        with pytest.raises(InputError, match=refusal):
            candidate_of_run(run)
        assert shop.run(monkeypatch, "publish", "--run", "night-1") == 2
        assert not (shop.settings.versions / "1").exists()
    else:
        assert candidate_of_run(run).run == "night-1"


def test_an_export_that_changes_after_its_validation_was_read_is_not_published(shop: Any) -> None:
    """Another change may be waited for in between."""
    run = RunFolder.named(shop.settings, "night-1")
    shop.candidate(1)
    candidate = candidate_of_run(run)
    (run.export / "late.txt").write_text("not validated")
    with changing(shop.settings) as change, pytest.raises(InputError, match="must not change"):
        publish(change, candidate)
    assert not (shop.settings.versions / "1").exists()
    assert read_state(shop.settings).versions == {}


def test_a_validated_run_is_published_with_its_scores(shop: Any) -> None:
    shop.candidate(1)
    candidate = candidate_of_run(RunFolder.named(shop.settings, "night-1"))
    assert (candidate.run, candidate.metrics) == ("night-1", {"frozen": 0.8})


def test_what_people_allowed_at_the_gate_is_in_the_history(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.candidate(1)
    run = RunFolder.named(shop.settings, "night-1")
    loosened = Loosened(who="ann", reason="few rows", limits=[LooserLimit("margin", 0.2, 0.01)])
    overridden = Overridden("bob", "急")
    run.write(structs.replace(run.read(Gate), loosened=loosened, overridden=overridden))
    assert shop.run(monkeypatch, "canary", "--run", "night-1", "--who", "ann", "--reason", "by hand:") == 0
    told = f"{loosened.told} gate overridden by bob: 急"
    published, _, labelled = read_events(shop.settings.history)
    assert isinstance(published, Published) and published.exceptions == published.told == told
    assert isinstance(labelled, Canary) and labelled.why == f"by hand: {told}"
