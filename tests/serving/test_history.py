from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from sentiment.errors import InputError
from sentiment.serving import models_config
from sentiment.serving.change import changing
from sentiment.serving.history import read_events, read_state
from sentiment.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def make_stable(settings: Settings) -> None:
    with changing(settings, "ops") as change:
        change.record("published", 1)
        change.record("staged", 1)
        change.record("canary", 1)
        change.record("promoted", 1)


def test_an_event_keeps_who_and_when_and_the_state_follows(settings: Settings) -> None:
    make_stable(settings)
    first = read_events(settings.history)[0]
    assert (first.name, first.who) == ("published", "ops")
    assert first.at.endswith("+00:00")
    assert read_state(settings).stable == 1


def test_models_config_follows_every_event(settings: Settings) -> None:
    make_stable(settings)
    model = models_config.parse(settings.models_config.read_text(), settings.models_config).model_config_list.config[0]
    assert (model.name, model.base_path, model.model_platform) == ("sentiment", str(settings.versions), "tensorflow")
    assert list(model.model_version_policy.specific.versions) == [1]
    assert dict(model.version_labels) == {"stable": 1}


def test_a_torn_last_line_is_ignored_and_then_replaced(settings: Settings) -> None:
    make_stable(settings)
    with settings.history.open("a") as handle:
        handle.write('{"event": "publ')
    assert read_state(settings).stable == 1
    with changing(settings) as change:
        change.record("published", 2)
    lines = settings.history.read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines][-2:] == ["promoted", "published"]


def test_a_crash_at_any_byte_leaves_the_old_state_or_the_new(settings: Settings) -> None:
    with changing(settings, "ops") as change:
        change.record("published", 1)
        change.record("staged", 1)
        change.record("canary", 1)
        others = {path: path.read_bytes() for path in (settings.models_config, settings.history_copy)}
        change.record("promoted", 1)
    whole = settings.history.read_bytes()
    last = whole.rindex(b"\n", 0, len(whole) - 1) + 1
    for end in range(last, len(whole) + 1):
        settings.history.write_bytes(whole[:end])
        for path, content in others.items():  # which are written after it
            path.write_bytes(content)
        assert read_state(settings).stable == (1 if end == len(whole) else None)
        with changing(settings) as change:
            change.record("published", 7)
        assert 7 in read_state(settings).versions


BROKEN = {
    "garbage": "no JSON object: 'garbage'",
    "[]": "no JSON object",
    "[" * 100_000: "no JSON object",
    '{"event": "published"}': "a 'published' event's version must be there; found nothing",
    '{"event": "published", "version": "2"}': "whole number.*; found '2'",
    '{"event": "published", "version": true}': "whole number.*; found True",
    '{"event": "published", "version": -1}': "whole number.*; found -1",
    '{"event": "published", "version": 1' + "0" * 400 + "}": "whole number.*; found 10000",
    '{"event": "published", "version": 1' + "0" * 9000 + "}": "no JSON object",
    '{"event": "published", "version": 1}': "version numbers must increase; found version 1 after version 1",
    '{"event": "promoted", "version": 1}': "only the canary can be promoted",
    '{"event": "sold", "version": 1}': "an event must be one of",
    '{"version": 1}': "an event must be one of",
    '{"event": "adopted", "version": 1, "stable": "1"}': "whole number",
    '{"event": "published", "version": 2, "metrics": [1]}': "metrics must be a JSON object",
}


@pytest.mark.parametrize("line", BROKEN, ids=lambda line: line[:60])
def test_a_line_that_cannot_be_followed_is_named_in_one_line(settings: Settings, line: str) -> None:
    make_stable(settings)
    lines = settings.history.read_text().splitlines()
    settings.history.write_text("\n".join([*lines[:4], "", line, *lines[4:]]) + "\n")
    for read in (lambda: read_state(settings), lambda: changing(settings).__enter__()):
        with pytest.raises(InputError, match=rf"found line 6: .*{BROKEN[line]}") as caught:
            read()
        assert len(str(caught.value)) < 600
        assert "\n" not in str(caught.value)


def test_a_reason_in_any_characters_is_kept(settings: Settings) -> None:
    with changing(settings, "小王") as change:
        change.record("published", 1)
        change.record("staged", 1)
        change.record("unstaged", 1, why="客訴\n太多 \udcff")
    event = read_events(settings.history)[-1]
    assert (event.who, event.told) == ("小王", "客訴\n太多 ?")


def test_a_lost_or_stale_models_config_is_rendered_again(settings: Settings) -> None:
    make_stable(settings)
    current = settings.models_config.read_text()
    settings.models_config.unlink()
    with changing(settings):
        assert settings.models_config.read_text() == current


def test_an_edit_by_hand_is_noticed_and_can_be_discarded(settings: Settings) -> None:
    make_stable(settings)
    current = settings.models_config.read_text()
    settings.models_config.write_text(current.replace("stable", "steady"))
    with pytest.raises(InputError, match=r"edit by hand.*--adopt-config.*--restore-config"), changing(settings):
        pytest.fail("the change must not begin")
    with changing(settings, discard_edits=True):
        assert settings.models_config.read_text() == current


def test_a_version_left_loading_by_a_crash_is_unstaged(settings: Settings) -> None:
    make_stable(settings)
    with changing(settings) as change:
        change.record("published", 2)
        change.record("staged", 2)
    with changing(settings) as change:
        assert (change.state.staged, change.state.stable) == (None, 1)
    assert read_state(settings).versions[2].condition == "published"


def publish_one(settings: Settings) -> None:
    with changing(settings) as change:
        change.record("published", change.state.next_number)


def test_two_at_once_are_serialised(settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=publish_one, args=(settings,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert sorted(read_state(settings).versions) == [1, 2, 3, 4]
