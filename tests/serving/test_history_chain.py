"""A history that somebody emptied, cut or changed is refused, and comes back from its copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sentiment import json_lines
from sentiment.errors import InputError
from sentiment.json_lines import Line
from sentiment.serving import chain, history_copy, made_from, models_config
from sentiment.serving.chain import Tip
from sentiment.serving.change import changing
from sentiment.serving.findings import look
from sentiment.serving.history import read_state
from sentiment.settings import Settings
from sentiment.status.status import command


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, serving_urls="")


@pytest.fixture
def served(settings: Settings) -> Settings:
    """A home in which version 2 is stable, and version 1 was before."""
    with changing(settings, "ops") as change:
        for version in (1, 2):
            for event in ("published", "staged", "canary", "promoted"):
                change.record(event, version)
    return settings


def lines_of(settings: Settings) -> list[bytes]:
    return settings.history.read_bytes().splitlines(keepends=True)


ATTACKS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "emptied": lambda lines: [],
    "cut by a line": lambda lines: lines[:-1],
    "cut by four lines": lambda lines: lines[:4],
    "without its first line": lambda lines: lines[1:],
    "with a line changed": lambda lines: [lines[0].replace(b"ops", b"eve"), *lines[1:]],
    "with the last line changed": lambda lines: [*lines[:-1], lines[-1].replace(b"ops", b"eve")],
    "with two lines changed places": lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]],
    "with a line put in": lambda lines: [*lines[:4], b'{"event": "pruned", "version": 1}\n', *lines[4:]],
    "broken": lambda lines: [*lines[:3], b"\0\0\0\n", *lines[4:]],
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("gone", ["", "config", "copy"])
def test_a_history_with_less_or_other_events_is_refused_and_nothing_follows_from_it(
    served: Settings, attack: str, gone: str
) -> None:
    if gone:
        (served.models_config if gone == "config" else served.history_copy).unlink()
    served.history.write_bytes(b"".join(ATTACKS[attack](lines_of(served))))
    before = models_config.read(served.models_config)
    for read in (lambda: read_state(served), lambda: changing(served, way_back=True).__enter__()):
        with pytest.raises(InputError, match="--restore-history"):
            read()
    assert models_config.read(served.models_config) == before


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_copy_brings_the_history_back_and_the_refused_one_is_kept(
    served: Settings, attack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, refused = served.history.read_bytes(), b"".join(ATTACKS[attack](lines_of(served)))
    served.history.write_bytes(refused)
    monkeypatch.setenv("SENTIMENT_HOME", str(served.home))
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "")
    done = CliRunner().invoke(command, ["--restore-history"])
    assert done.exit_code == 0, done.output
    assert "is restored from its copy, 8 events" in done.output
    assert served.history.read_bytes() == whole
    assert [path.read_bytes() for path in served.serving.glob("history.refused-*")] == [refused]
    assert history_copy.restore(served, "ops") == "The history is whole: there is nothing to restore."


def test_a_missing_history_is_no_new_beginning(served: Settings) -> None:
    served.history.unlink()
    with pytest.raises(InputError, match=r"must hold the 8 events .* knows; found 0 events"):
        read_state(served)
    assert "8 events" in history_copy.restore(served, "ops")
    assert read_state(served).stable == 2


def test_a_damaged_copy_stops_nobody_and_is_made_again_but_restores_nothing(served: Settings) -> None:
    whole = served.history.read_bytes()
    for damaged in (b"", b"\xff\n", whole.replace(b"ops", b"eve", 1), whole[:-1]):
        served.history_copy.write_bytes(damaged)
        with changing(served) as change:
            assert change.state.stable == 2
        assert served.history_copy.read_bytes() == whole
    served.history.write_bytes(whole[:-200])
    served.history_copy.write_bytes(whole.replace(b"ops", b"eve", 1))
    with pytest.raises(InputError, match=r"must name the one before it; found line 2.*sentiment backup"):
        history_copy.restore(served, "ops")
    served.history_copy.write_bytes(b"".join(whole.splitlines(keepends=True)[:4]))
    with pytest.raises(InputError, match=r"must hold event 8.*; found 4 events"):
        history_copy.restore(served, "ops")


def test_a_copy_that_lags_behind_after_a_crash_is_brought_up(served: Settings) -> None:
    whole = lines_of(served)
    served.history_copy.write_bytes(b"".join(whole[:-1]))
    assert read_state(served).stable == 2
    with changing(served):
        assert served.history_copy.read_bytes() == b"".join(whole)


def test_a_history_from_before_the_chain_is_accepted_and_chained_from_its_next_event(settings: Settings) -> None:
    old = [
        {"event": event, "version": 1, "at": "2026-01-01T00:00:00+00:00", "who": "ops"}
        for event in ("published", "staged", "canary", "promoted")
    ]
    for entry in old:
        json_lines.append(settings.history, entry)
    state = read_state(settings)
    settings.models_config.parent.mkdir(parents=True)
    settings.models_config.write_text(models_config.rendered(state._replace(tip=Tip()), settings))
    assert not look(settings, state).stale  # a file that names no event is current, too
    with changing(settings) as change:
        change.record("published", 2)
    assert b'"after"' not in b"".join(lines_of(settings)[:4])
    assert f'"after": "{state.tip.digest}"'.encode() in lines_of(settings)[4]
    settings.history.write_bytes(settings.history.read_bytes().replace(b"2026-01", b"2025-01", 1))
    with pytest.raises(InputError, match="must name the one before it; found line 5"):
        read_state(settings)


def test_models_config_names_its_event_in_a_comment_that_the_format_allows(served: Settings) -> None:
    text = served.models_config.read_text()
    tip = read_state(served).tip
    assert text.splitlines()[1] == f"# Made from event 8, {tip.digest}"
    assert made_from.read_tip(served.models_config) == tip
    parsed = models_config.parse(text, served.models_config)
    assert dict(parsed.model_config_list.config[0].version_labels) == {"stable": 2}


LINES = st.lists(st.text(st.characters(exclude_characters="\n"), max_size=5), min_size=1, max_size=6)


@given(LINES, st.data())
def test_no_other_lines_have_the_same_tip(lines: list[str], data: st.DataObject) -> None:
    other = data.draw(LINES.filter(lambda other: other != lines))

    def tip(of: list[str]) -> Tip:
        return chain.tips([Line(number, text, None) for number, text in enumerate(of, 1)])[-1]

    assert tip(other) != tip(lines)
