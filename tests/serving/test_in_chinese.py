"""What the verbs that change what is served tell people in Traditional Chinese; what they record stays English."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.english_left import english_left

from sentiment.language import recorded, speaking
from sentiment.results.events import event_of
from sentiment.serving import servers
from sentiment.serving.canary import canary
from sentiment.serving.change import Change, changing
from sentiment.serving.promote import promote
from sentiment.serving.rollback import rollback
from sentiment.serving.rules import fold
from sentiment.serving.state import State
from sentiment.serving.succession import CONDITIONS, condition_told, successors, superseded
from sentiment.serving.withdraw import withdraw
from sentiment.settings import Settings

DOWN = "http://127.0.0.1:9"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with four published versions; its server is believed to have loaded whatever it is asked to."""
    settings = Settings(home=tmp_path, serving_urls=DOWN)
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    for verb in ("canary", "promote", "rollback"):
        for waits in ("load", "confirm"):
            monkeypatch.setattr(f"sentiment.serving.{verb}.{waits}", believed)
    with changing(settings, "ops") as change:
        for number in (1, 2, 3, 4):
            (settings.versions / str(number) / "variables").mkdir(parents=True)
            for name in ("saved_model.pb", "variables/variables.index"):
                (settings.versions / str(number) / name).write_bytes(b"x")
            change.record("published", number, run=f"night-{number}")
    return settings


def believed(change: Change, version: int | str, *_: Any, **__: Any) -> None:
    """Stands in for waiting for a server: a version that is loaded before it has a label is noted as such."""
    if isinstance(version, int) and version not in change.state.served:
        change.record("staged", version)


def everything(change: Change) -> list[str]:
    """Does whatever can be done, also twice and too late; returns the sentences."""
    done = [canary(change, 1), canary(change, 1), promote(change, 1), promote(change, 1), canary(change, 1)]
    done += [canary(change, 2), promote(change, 2), canary(change, 3), promote(change, 3, candidacy=7)]
    done += [withdraw(change, 3, candidacy=7), withdraw(change, 3), withdraw(change, 3), canary(change, 4)]
    done += [promote(change, 3), rollback(change, None), rollback(change, None), rollback(change, 1)]
    return [one.sentence for one in done]


def test_every_outcome_is_told_in_chinese_and_recorded_in_english(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with changing(settings, "ops") as change:
        sentences = everything(change)
    told = capsys.readouterr().err.splitlines()
    assert told == [chinese(one) for one in sentences]
    assert english_left("\n".join(told)) == [] and all(one.isascii() for one in sentences)
    assert told[2] == "第 1 版現在是正式版（之前：無）。"
    assert told[-1] == "第 1 版已經是正式版。"
    assert "沒有任何變更：第 3 版的狀態為「已撤回」；目前的試行版是第 4 版。" in told
    assert settings.history.read_text(encoding="utf-8").isascii()


def test_a_rollback_without_a_server_names_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with changing(settings, "ops") as change:
        for number in (1, 2):
            canary(change, number)
            promote(change, number)
    monkeypatch.setattr(servers, "unreachable", lambda addresses, model: tuple(addresses))
    with changing(Settings(home=settings.home, serving_urls=DOWN), "ops") as change:
        told = chinese(rollback(change, None, skip_unreachable=True).sentence)
    assert told == f"第 1 版重新成為正式版（之前：2）；{DOWN} 連不上，尚未確認。"


def chinese(sentence: str) -> str:
    with speaking("zh-TW"):
        return recorded(sentence)


def test_a_question_that_was_overtaken_says_by_what_in_chinese() -> None:
    names = ["published", "staged", "canary"]
    events: list[Any] = [event_of({"event": name, "version": number}) for number in (1, 2) for name in names]
    state = fold(events)
    with speaking("zh-TW"):
        told = [superseded(1, state, events), superseded(9, state, events), superseded(1, State(), ())]
        followed = [condition_told(state.versions[1]._replace(condition=one), successors(events)) for one in CONDITIONS]
        alone = [condition_told(state.versions[1]._replace(condition=one), {}) for one in CONDITIONS]
    assert english_left("\n".join([*told, *followed, *alone])) == []
    assert told[0].startswith("已被取代：第 1 版的狀態為「已被第 2 版替換」；目前的試行版是第 2 版。")
    assert not any(one.isascii() for one in [*followed, *alone])


@pytest.mark.parametrize(
    "error",
    [
        "no model server answers there (it sends to another address)",
        "no model server answers there (its answer is not a JSON object)",
        "it wants another SENTIMENT_SERVING_TOKEN",
    ],
)
def test_why_a_server_is_not_reached_is_said_in_chinese(error: str) -> None:
    assert english_left(chinese(f"not compared: it cannot be reached ({error})")) == []


@pytest.mark.parametrize(
    "why",
    [
        f"{DOWN} could not load version 2: INTERNAL: no graph",
        f"{DOWN} cannot be reached: Connection refused",
        f"{DOWN} did not load version 2 within 30 s; {DOWN} did not load version 2 within 30 s",
        f"{DOWN} did not answer label canary with version 2 within 30 s",
        "interrupted before it was loaded",
    ],
)
def test_why_a_version_was_not_loaded_is_said_in_chinese(why: str) -> None:
    assert english_left(chinese(why), "no graph", "Connection refused") == [] and chinese(why) != why


def test_a_server_that_is_down_is_waited_for_and_named_as_it_is_read() -> None:
    with pytest.raises(servers.ServerError) as error:
        servers.wait_until_available((DOWN,), "sentiment", 2, 0.1)
    assert chinese(str(error.value)) == f"{DOWN} 連不上：Connection refused"
