"""The note of a server, which the scripts of the container and `sentiment serve` write and `status` reads."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.model_server.following import may_be_held_back
from sentiment.probe.verify import verify
from sentiment.serving import models_config, notes
from sentiment.serving.change import changing
from sentiment.serving.history import read_state
from sentiment.serving.notes import HELD, LOADING, SERVED, STOPPED, Note
from sentiment.serving.state import State
from sentiment.settings import CHECKOUT, Settings
from sentiment.status.status import describe
from sentiment.status.table import lines_of

FOLLOW = CHECKOUT / "serving" / "follow_config.sh"
DIGEST = "0123456789abcdef"


def in_bash(folder: Path, script: str, *arguments: str) -> str:
    source = f'set -euo pipefail; . "{FOLLOW}"; note={folder}/one; {script}'
    command = ["bash", "-c", source, "bash", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout


@pytest.mark.parametrize("text", ["", "# a\nb # c\n", "# a\nb", "b\n#", "家\r\n\n# 好\nx\n"])
def test_both_make_the_same_digest(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config"
    file.write_text(text, encoding="utf-8", newline="")
    assert in_bash(tmp_path, 'digest_of "$1"', str(file)) == notes.digest_of(text)


@pytest.mark.parametrize("word", [LOADING, SERVED, STOPPED, HELD])
@pytest.mark.parametrize("deaths", [0, 1, 2])
def test_both_make_the_same_of_the_note_of_a_server_that_ended(tmp_path: Path, word: str, deaths: int) -> None:
    note = Note(word, DIGEST, deaths)
    (tmp_path / "one").write_text(note.line)
    found = in_bash(tmp_path, 'read_note; printf "%s %s %s\\n" "$word" "$digest" "$deaths"')
    expected = notes.after_the_end(note)
    assert expected and found == expected.line == (tmp_path / "one").read_text()
    assert notes.read(tmp_path / "one") == expected


@pytest.mark.parametrize("text", ["", "held", "held 0123 1\n", f"eaten {DIGEST} 1\n", f"held {DIGEST} 1 $(x)\n"])
def test_what_is_no_note_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "one").write_text(text)
    assert notes.read(tmp_path / "one") is None
    assert in_bash(tmp_path, 'read_note; printf "%s" "$word"') == ""


@given(st.lists(st.sampled_from(["dies loading", "dies later", "stops"]), max_size=12))
def test_one_configuration_kills_a_server_three_times_at_most(ends: list[str]) -> None:
    note: Note | None = None
    given_and_died = 0
    for end in ends:
        note = notes.after_the_end(note)
        if note and note.word == HELD:
            continue  # it serves the stable version alone, of which nothing dies here
        deaths = note.deaths if note else 0
        note = Note({"dies loading": LOADING, "dies later": SERVED, "stops": STOPPED}[end], DIGEST, deaths)
        given_and_died += end != "stops"
    assert given_and_died <= notes.DEATHS_ALLOWED + 1


def test_what_a_server_holds_back_is_told_with_what_to_do(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, serving_urls="")
    with changing(settings, "ops") as change:
        for event in ("published", "staged", "canary", "promoted"):
            change.record(event, 1)
        for event in ("published", "staged", "canary"):
            change.record(event, 2)
    settings.servers_notes.mkdir()
    note = settings.servers_notes / "serving"
    text = models_config.read(settings.models_config)
    assert text is not None
    note.write_text(Note(HELD, notes.digest_of(text), 1).line)
    [told] = notes.held_back(settings)
    assert told.startswith("Server serving holds models.config back and serves the stable version alone: it died while")
    assert f"delete {note} and start it again" in told
    assert told in verify(settings).sentence
    assert told in lines_of(describe(read_state(settings), settings))
    with changing(settings, "ops") as change:
        change.record("published", 3)
    assert list(notes.held_back(settings)) == [told], "an event that moves nothing is not another configuration"
    note.write_text(Note(SERVED, notes.digest_of(text), 2).line)
    assert list(notes.held_back(settings)) == []
    note.write_text(Note(HELD, notes.digest_of(text), 3).line)
    assert "it died 3 times under it" in next(notes.held_back(settings))
    with changing(settings, "ops") as change:
        change.record("withdrawn", 2)
    assert list(notes.held_back(settings)) == []


class Home:
    """A home with versions 1 and 2 of which 2 is the canary, and the folder in which strangers may write."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(home=folder, serving_urls="")
        with changing(self.settings, "ops") as change:
            for event in ("published", "staged", "canary", "promoted"):
                change.record(event, 1)
            for event in ("published", "staged", "canary"):
                change.record(event, 2)
        self.settings.servers_notes.mkdir()

    def note(self, name: str) -> Path:
        return self.settings.servers_notes / name

    @property
    def held(self) -> str:
        return Note(HELD, notes.digest_of(self.settings.models_config.read_text()), 1).line

    def status(self) -> str:
        return "\n".join(lines_of(describe(read_state(self.settings), self.settings)))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def put_fifo(path: Path, home: Home) -> None:
    os.mkfifo(path)


def put_endless(path: Path, home: Home) -> None:
    path.symlink_to("/dev/zero")


def put_link(path: Path, home: Home) -> None:
    elsewhere = home.settings.serving / "elsewhere"
    elsewhere.write_text(home.held)
    path.symlink_to(elsewhere)


def put_large(path: Path, home: Home) -> None:
    with path.open("wb") as file:
        file.write(home.held.encode())
        file.truncate(1 << 40)


def put_folder(path: Path, home: Home) -> None:
    path.mkdir()


@pytest.mark.parametrize("put", [put_fifo, put_endless, put_link, put_large, put_folder])
@pytest.mark.timeout(20)
def test_what_is_no_note_is_named_and_holds_nothing_back(home: Home, put: Callable[[Path, Home], None]) -> None:
    put(home.note("serving"), home)
    assert notes.read(home.note("serving")) is None
    assert (list(notes.held_back(home.settings)), verify(home.settings).held_back) == ([], [])
    assert f"no note of a server, and left alone: {home.note('serving')}" in home.status()


@pytest.mark.parametrize(
    "name", ["a\u202eb", "a\nServer b is well", "a\x1b[2Jb", "服務", "a" * 101, "-a", os.fsdecode(b"\xff")]
)
def test_what_has_not_the_name_of_a_server_is_shown_harmlessly_and_holds_nothing_back(home: Home, name: str) -> None:
    home.note(name).write_text(home.held)
    assert list(notes.held_back(home.settings)) == []
    [line] = notes.strange(home.settings)
    assert line.isprintable() and line in home.status().splitlines()


def test_a_thousand_notes_are_a_few_lines(home: Home) -> None:
    for number in range(notes.MOST_FILES + 5):
        home.note(f"server-{number}").write_text(home.held if number % 2 else "nothing")
    assert len(list(notes.held_back(home.settings))) == len(notes.strange(home.settings)) - 1 == notes.MOST_NAMED + 1
    assert f"holds {notes.MOST_FILES} files or more" in home.status()


def test_what_a_server_is_writing_is_not_named(home: Home) -> None:
    for name in ("serving.new.x1Y2z3", "serving.new", ".serving.0123456789abcdef.12.tmp"):
        home.note(name).write_text("")
    assert notes.strange(home.settings) == []


@pytest.mark.timeout(20)
def test_the_scripts_of_the_container_open_nothing_of_strangers(tmp_path: Path) -> None:
    for put in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        (tmp_path / "one").unlink(missing_ok=True)
        put(tmp_path / "one")
        assert in_bash(tmp_path, 'read_note; printf "%s" "$word"') == ""
        (tmp_path / "one.new").unlink(missing_ok=True)
        put(tmp_path / "one.new")
        in_bash(tmp_path, f"write_note held {DIGEST} 1")
        assert notes.read(tmp_path / "one") == Note(HELD, DIGEST, 1)
        assert (tmp_path / "one").stat().st_mode & 0o444 == 0o444


def config(stable: int, canary: int | None = None, also: int | None = None) -> str:
    return models_config.render(State(stables=(stable,), canary=canary, staged=also), "sentiment", "/models/sentiment")


@pytest.mark.parametrize(
    ("given", "wanted", "held"),
    [
        (config(1), config(1, canary=2), True),
        (config(1), config(1, also=2), True),
        (config(2), config(2, also=1), True),
        (config(1, canary=2), config(2, also=1), False),
        (config(2, also=1), config(1, also=2), False),
        (config(2), config(1, also=2), False),
        (config(1, canary=2), config(1), False),
    ],
)
def test_a_note_holds_back_nothing_that_is_to_be_stable(tmp_path: Path, given: str, wanted: str, held: bool) -> None:
    assert may_be_held_back(given, wanted) == held
    for name, text in (("given", given), ("wanted", wanted)):
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / name) for name in ("given", "wanted")]
    assert in_bash(tmp_path, 'may_be_held_back "$1" "$2" && printf held || true', *files) == "held" * held
