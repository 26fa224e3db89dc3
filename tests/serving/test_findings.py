"""What is left behind is found and mended; what is a person's is told and left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.serving import findings, models_config, version_folder
from sentiment.serving.change import changing
from sentiment.serving.history import read_state
from sentiment.serving.publish import Candidate, publish
from sentiment.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with version 1 stable and version 2 published."""
    settings = Settings(home=tmp_path)
    with changing(settings, "ops") as change:
        for number in (1, 2):
            publish(change, candidate(tmp_path, number))
        for event in ("staged", "canary", "promoted"):
            change.record(event, 1)
    return settings


def candidate(home: Path, number: int) -> Candidate:
    run = home / "runs" / f"night-{number}"
    (run / "export" / "variables").mkdir(parents=True)
    (run / "export" / "saved_model.pb").write_text(f"graph {number}")
    (run / "model").mkdir()
    (run / "model" / "model.json").write_text(json.dumps({"data": {"rows": number}}))
    return Candidate(run / "export", run / "model", run.name, {})


def look(settings: Settings) -> findings.Findings:
    return findings.look(settings, read_state(settings))


def test_nothing_is_found_where_nothing_is_wrong(settings: Settings) -> None:
    assert look(settings) == findings.Findings((), (), None, False, {}, ())
    assert look(Settings(home=settings.home / "new")).mendable() == []


def test_half_made_folders_are_removed(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    half = [settings.versions / ".3.tmp", settings.trained / ".3.tmp"]
    for folder in half:
        (folder / "variables").mkdir(parents=True)
    config = settings.models_config.with_name(".models.config.123.tmp")
    boot = settings.models_config.with_name(".boot.config.123.tmp")
    for file in (config, boot):
        file.write_text("half")
    others = [settings.versions / ".hidden", settings.versions / ".x.tmp"]
    for other in others:
        other.write_text("somebody else's")
    assert sorted(look(settings).leftovers) == sorted([*half, config, boot])
    with changing(settings):
        assert not any(path.exists() for path in (*half, config, boot))
    assert all(other.exists() for other in others)
    assert f"removed {config}, left by an interrupted command" in capsys.readouterr().err
    assert look(settings).mendable() == []


def test_the_files_of_a_pruned_version_are_removed(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with changing(settings) as change:
        change.record("pruned", 2)
        assert (settings.versions / "2").exists()
    assert look(settings).pruned == (settings.versions / "2", settings.trained / "2")
    with changing(settings):
        pass
    assert not (settings.versions / "2").exists()
    assert not (settings.trained / "2").exists()
    assert (settings.versions / "1").exists()
    assert f"removed {settings.versions / '2'}, which belonged to a pruned version" in capsys.readouterr().err


def test_a_version_that_was_loading_is_taken_out_again(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with changing(settings) as change:
        change.record("staged", 2)
    assert look(settings).mendable() == ["version 2 was loading when its command ended"]
    with changing(settings) as change:
        assert (change.state.staged, change.state.served) == (None, (1,))
    assert "repaired: an interrupted command was loading version 2" in capsys.readouterr().err


def test_a_configuration_older_than_the_history_is_rendered_again(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    old = models_config.read(settings.models_config)
    assert old is not None
    with changing(settings) as change:
        change.record("staged", 2)
        change.record("canary", 2)
    new = models_config.read(settings.models_config)
    atomic.write_text(settings.models_config, old)
    assert look(settings).mendable() == ["models.config is older than the history"]
    with changing(settings):
        assert models_config.read(settings.models_config) == new
    assert "repaired: models.config was older" in capsys.readouterr().err


@pytest.mark.parametrize("before", [None, "model_config_list {}"])
def test_what_servers_start_with_is_the_stable_version_alone_and_is_repaired(
    settings: Settings, before: str | None
) -> None:
    with changing(settings) as change:
        change.record("staged", 2)
        change.record("canary", 2)
    parsed = models_config.parse(settings.boot_config.read_text(), settings.boot_config).model_config_list.config[0]
    assert (list(parsed.model_version_policy.specific.versions), dict(parsed.version_labels)) == ([1], {"stable": 1})
    rendered = settings.boot_config.read_bytes()
    settings.boot_config.unlink() if before is None else settings.boot_config.write_text(before)
    assert look(settings).mendable() == ["boot.config, with which servers start, is not what the history says"]
    with changing(settings):
        assert settings.boot_config.read_bytes() == rendered
    assert look(settings).mendable() == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("rm -r {}", "no folder"),
        ("rm {}/saved_model.pb", "no saved_model.pb in"),
        ("rmdir {}/variables", "no variables in"),
        ("truncate -s 3 {}/saved_model.pb", "3 bytes in"),
        ("touch {}/variables/more && echo 12345 > {}/more", "13 bytes in"),
    ],
)
def test_a_damaged_version_is_told_and_left_alone(settings: Settings, damage: str, told: str) -> None:
    folder = settings.versions / "2"
    for command in damage.format(folder, folder).split(" && "):
        run_in_shell(command)
    assert list(look(settings).damaged) == [2]
    assert look(settings).damaged[2].startswith(told)
    assert str(folder) in look(settings).damaged[2]
    with changing(settings):
        pass
    assert list(look(settings).damaged) == [2]


def run_in_shell(command: str) -> None:
    import subprocess

    subprocess.run(["sh", "-c", command], check=True)


def test_changed_bytes_of_the_same_number_are_found_by_reading_them(settings: Settings) -> None:
    version = read_state(settings).versions[2]
    assert version_folder.change_in(settings, version) == ""
    (settings.versions / "2" / "saved_model.pb").write_text("graph 3")
    assert version_folder.problem(settings, version) == ""
    assert version_folder.change_in(settings, version).startswith("changed content in ")


def test_folders_that_the_history_does_not_know_are_told_and_left_alone(settings: Settings) -> None:
    strange = settings.versions / "20240101"
    (strange / "variables").mkdir(parents=True)
    (settings.versions / "notes").mkdir()
    interrupted = settings.versions / "3"
    (interrupted / "assets.extra").mkdir(parents=True)
    (interrupted / version_folder.ORIGIN).write_text(json.dumps({"run": "night-3", "digest": "abc"}))
    with changing(settings) as change:
        found = findings.look(settings, change.state)
    assert found.orphans == (
        f"{strange}: this system did not publish it and does not touch it",
        f"{interrupted}: a publish of night-3 was interrupted; publish it again to finish",
    )
    assert strange.is_dir()
    assert interrupted.is_dir()


def test_what_cannot_be_removed_holds_nobody_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (settings.versions / ".3.tmp").mkdir()

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("sentiment.serving.change.shutil.rmtree", refuse)
    with changing(settings) as change:
        change.record("staged", 2)
    assert "could not remove" in capsys.readouterr().err


@pytest.mark.parametrize("which", ["export", "model"])
@pytest.mark.parametrize("odd", ["to a folder", "to nowhere", "a pipe", "\udcff"])
def test_what_is_no_plain_file_is_not_published(settings: Settings, tmp_path: Path, which: str, odd: str) -> None:
    """A copy followed a link to anywhere on the machine; the digest and the room that is asked for passed over it."""
    made = candidate(tmp_path, 3)
    place = (made.export if which == "export" else made.model) / odd
    if odd == "a pipe":
        os.mkfifo(place)
    elif odd.startswith("to "):
        place.symlink_to("/usr" if odd == "to a folder" else "/nowhere")
    else:
        place.write_bytes(b"")
    with (
        changing(settings, "ops") as change,
        pytest.raises(InputError, match="must hold files and folders alone, with plain names") as raised,
    ):
        publish(change, made)
    assert str(raised.value).isprintable() and not (settings.versions / "3").exists()
    assert not list(settings.versions.glob(".*")) and not list(settings.trained.glob(".*"))


def test_a_file_whose_name_is_no_text_is_a_change_like_any_other(settings: Settings) -> None:
    (settings.versions / "1" / "\udcff").write_bytes(b"")
    assert "changed content in" in version_folder.change_in(settings, read_state(settings).versions[1])
