"""A server that serves its home: what it is given, whatever happened to the one before it."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from google.protobuf import text_format
from hypothesis import given as for_all
from hypothesis import strategies as st
from tensorflow_serving.config import model_server_config_pb2

from sentiment.model_server import following as module
from sentiment.model_server.following import Following, bridged
from sentiment.model_server.periodic import Periodic
from sentiment.serving import models_config, notes
from sentiment.serving.change import changing
from sentiment.serving.state import State
from sentiment.settings import CHECKOUT, Settings


class Home:
    """A home with version 1 stable and version 2 as canary, and the file that one server is given."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(home=folder, serving_urls="")
        self.given, self.note = folder / "given", self.settings.servers_notes / "one"
        self.change("published 1", "staged 1", "canary 1", "promoted 1", "published 2", "staged 2", "canary 2")

    def change(self, *events: str) -> None:
        with changing(self.settings, "ops") as change:
            for name, version in map(str.split, events):
                change.record(name, int(version))

    def starts(self) -> Following:
        return Following(self.settings, self.given, self.note)

    @property
    def versions(self) -> list[int]:
        """The versions that the server is given."""
        return list(self._model.model_version_policy.specific.versions)

    @property
    def labels(self) -> dict[str, int]:
        return dict(self._model.version_labels)

    @property
    def _model(self) -> model_server_config_pb2.ModelConfig:
        return models_config.parse(self.given.read_text(), self.given).model_config_list.config[0]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def loading(_: object) -> bool:
    return False


def loaded(_: object) -> bool:
    return True


def test_it_starts_with_stable_alone_and_is_given_the_canary_then(home: Home) -> None:
    server = home.starts()
    assert (home.versions, home.labels) == ([1], {"stable": 1})
    server.look(loading)
    assert (home.versions, home.labels) == ([1, 2], {"stable": 1, "canary": 2})


def test_what_a_server_died_of_while_it_loaded_is_held_back(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.starts().look(loading)
    server = home.starts()
    server.look(loading)
    assert home.versions == [1]
    assert "held back, because a server died of it" in caplog.text
    assert len(list(notes.held_back(home.settings))) == 1
    home.change("withdrawn 2", "published 3", "staged 3", "canary 3")
    server.look(loading)
    assert home.versions == [1, 3]
    assert list(notes.held_back(home.settings)) == []


def test_what_is_asked_for_again_after_something_else_is_given_again(home: Home) -> None:
    home.starts().look(loading)
    server = home.starts()
    server.look(loading)
    home.change("withdrawn 2")
    server.look(loading)
    assert not home.note.exists()
    home.change("staged 2", "canary 2")
    server.look(loading)
    assert home.versions == [1, 2]


def test_a_person_who_removes_the_note_has_it_given_again(home: Home) -> None:
    home.starts().look(loading)
    server = home.starts()
    home.note.unlink()
    server.look(loading)
    assert home.versions == [1, 2]


@pytest.mark.parametrize("end", ["dies", "stops"])
def test_a_server_may_die_twice_with_what_it_has_loaded(home: Home, end: str) -> None:
    for _ in range(4):
        server = home.starts()
        server.look(loaded)
        given = home.versions
        server.look(loaded)
        if end == "stops":
            server.stopped()
    assert given == ([1] if end == "dies" else [1, 2])


def test_deaths_are_forgotten_after_a_life_that_was_long(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for life in (0.0, 0.0, 1.0, 0.0, 0.0):
        server = home.starts()
        monkeypatch.setattr(module, "SECONDS_UNTIL_FORGOTTEN", -1.0 if life else 3600.0)
        for _ in range(3):
            server.look(loaded)
    home.starts().look(loaded)
    assert notes.read(home.note) == notes.Note("held", notes.digest_of(home.settings.models_config.read_text()), 3)


def test_a_label_that_moved_while_the_server_started_waits_for_its_version(home: Home) -> None:
    home.change("promoted 2")
    server = home.starts()
    assert home.labels == {"stable": 2}
    home.change("rolled_back 1")
    server.look(loading)
    assert (sorted(home.versions), home.labels) == ([1, 2], {"stable": 2})
    server.look(loading)
    assert home.labels == {"stable": 2}
    server.look(loaded)
    assert (home.versions, home.labels) == ([1], {"stable": 1})


def test_a_home_without_boot_config_starts_as_before_and_one_without_an_address_notes_nothing(home: Home) -> None:
    home.settings.boot_config.unlink()
    Following(home.settings, home.given, None).look(loading)
    assert (home.versions, home.settings.servers_notes.exists()) == ([1, 2], False)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "put", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["a pipe", "an endless link"]
)
def test_it_waits_for_nothing_that_others_put_in_the_place_of_its_note(home: Home, put: Callable[[Path], None]) -> None:
    home.settings.servers_notes.mkdir()
    put(home.note)
    server = home.starts()
    server.look(loading)
    assert home.versions == [1, 2]
    note = notes.read(home.note)
    assert note and note.word == notes.LOADING


def test_a_forged_note_keeps_it_from_no_stable_version(home: Home) -> None:
    before = home.settings.boot_config.read_text()
    home.change("promoted 2")
    home.settings.boot_config.write_text(before)  # as a failing disk leaves it
    home.settings.servers_notes.mkdir()
    digest = notes.digest_of(home.settings.models_config.read_text())
    home.note.write_text(notes.Note(notes.HELD, digest, 1).line)
    server = home.starts()
    assert home.labels == {"stable": 1}
    server.look(loading)
    server.look(loaded)
    assert home.labels == {"stable": 2}


def test_a_note_that_cannot_be_written_is_said(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.settings.servers_notes.write_text("a file where a folder should be")
    home.starts().look(loading)
    assert (home.versions, "cannot write" in caplog.text) == ([1, 2], True)


NUMBERS = st.integers(1, 4)
STATES = st.builds(
    lambda stables, canary, kept: State(
        stables=stables, canary=None if canary in stables else canary, kept=kept if kept not in stables else None
    ),
    st.lists(NUMBERS, max_size=1).map(tuple),
    st.none() | NUMBERS,
    st.none() | NUMBERS,
)


def rendered(state: State) -> str:
    return models_config.render(state, "sentiment", '/m/家\'s "x"/sentiment')


@for_all(STATES, STATES)
def test_no_label_moves_to_a_version_that_the_server_was_never_given(before: State, after: State) -> None:
    old, new = parsed(rendered(before)), parsed(bridged(rendered(before), rendered(after)))
    for model, was in zip(new, old, strict=False):
        for label, version in model.version_labels.items():
            moves = label in was.version_labels and was.version_labels[label] != version
            assert not moves or version in was.model_version_policy.specific.versions
            assert version in model.model_version_policy.specific.versions
    assert bridged(rendered(after), rendered(after)) == rendered(after)


def parsed(text: str) -> list[model_server_config_pb2.ModelConfig]:
    return list(text_format.Parse(text, model_server_config_pb2.ModelServerConfig()).model_config_list.config)


def all_pairs() -> Iterable[tuple[State, State]]:
    states = [
        State(stables=(1,)),
        State(stables=(2,)),
        State(stables=(1,), canary=2),
        State(stables=(3,), kept=2, canary=1),
    ]
    states.append(State(stables=(4,), canary=3))
    return [(before, after) for before in states for after in states] + [(State(), states[2]), (states[2], State())]


def test_the_container_s_script_keeps_the_same_labels_back(tmp_path: Path) -> None:
    """All pairs in one process, since bash takes longer to start than to work."""
    script = f'. "{CHECKOUT}/serving/follow_config.sh"; for each in "$1"/*.old; do'
    script += ' bridged "$each" "${each%.old}.new" >"${each%.old}.bridge"; done'
    pairs = dict(enumerate(all_pairs()))
    for number, (before, after) in pairs.items():
        (tmp_path / f"{number}.old").write_text(rendered(before))
        (tmp_path / f"{number}.new").write_text(rendered(after))
    subprocess.run(["bash", "-c", f"set -euo pipefail; {script}", "bash", str(tmp_path)], check=True, timeout=30)
    for number, (before, after) in pairs.items():
        ours, its = (
            parsed(text)
            for text in (bridged(rendered(before), rendered(after)), (tmp_path / f"{number}.bridge").read_text())
        )
        assert [normal(model) for model in ours] == [normal(model) for model in its], (before, after)


def normal(model: model_server_config_pb2.ModelConfig) -> tuple[str, list[int], dict[str, int]]:
    return model.base_path, sorted(model.model_version_policy.specific.versions), dict(model.version_labels)


def test_what_fails_at_every_look_is_logged_once_until_it_is_well(caplog: pytest.LogCaptureFixture) -> None:
    """A folder at the place of models.config wrote a traceback every half second, until the disk was full."""
    looks, well, failing = 0, threading.Event(), threading.Event()

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks % 5 == 0:
            (well if looks == 5 else failing).set()
            return
        raise IsADirectoryError("models.config")

    periodic = Periodic("follow models.config", 0.001, look)
    assert well.wait(20) and failing.wait(20)
    periodic.stop()
    assert looks >= 10
    failures = [one for one in caplog.records if one.getMessage() == "follow models.config failed"]
    assert 2 <= len(failures) <= 1 + looks // 5
