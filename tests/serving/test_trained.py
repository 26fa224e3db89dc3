from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentiment import cli
from sentiment.errors import InputError
from sentiment.model.folder import read_card
from sentiment.serving.trained import model_of_version, reference_of
from sentiment.settings import Settings
from sentiment.training.training_files import Files

EVENTS = [
    {"event": "published", "version": 1},
    {"event": "staged", "version": 1},
    {"event": "canary", "version": 1},
    {"event": "promoted", "version": 1},
    {"event": "published", "version": 2},
    {"event": "staged", "version": 2},
    {"event": "canary", "version": 2},
]


@pytest.fixture
def settings(tmp_path: Path, toy_model: Path) -> Settings:
    """Version 1 is stable, version 2 the canary; the files of version 3 are gone."""
    settings = Settings(home=tmp_path)
    settings.serving.mkdir()
    settings.history.write_text("".join(json.dumps(event) + "\n" for event in EVENTS), encoding="utf-8")
    settings.trained.mkdir()
    for version in ("1", "2"):
        (settings.trained / version).symlink_to(toy_model)
    return settings


def test_the_reference_is_a_version_whose_model_is_there(settings: Settings, toy_model: Path) -> None:
    assert reference_of(settings) == (settings.trained / "1", 1)
    better = [EVENTS[4] | {"pins": True}, *EVENTS[5:], {"event": "promoted", "version": 2}]
    lines = "".join(json.dumps(event) + "\n" for event in (*EVENTS[:4], *better))
    settings.history.write_text(lines, encoding="utf-8")
    assert reference_of(settings) == (settings.trained / "2", 2)
    (settings.trained / "2").unlink()
    assert reference_of(settings) == (settings.trained / "1", 1)
    (settings.trained / "1").unlink()
    assert reference_of(settings) == reference_of(Settings(home=settings.home / "new")) == (None, None)


@pytest.mark.parametrize(("which", "version"), [("stable", "1"), ("canary", "2"), ("2", "2"), ("1", "1")])
def test_a_label_or_a_number_names_the_model_behind_it(settings: Settings, which: str, version: str) -> None:
    assert model_of_version(settings, which) == settings.trained / version


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("previous", "there must be a previous version; found none"),
        ("3", "its model must still be there; found no model in .*3; published so far: 1, 2"),
        ("0", "found no model in .*0; published"),
        ("latest", "a version must be stable, canary, previous or a number; found 'latest'"),
        ("-1", "found '-1'"),
        ("", "found ''"),
    ],
)
def test_a_version_that_is_not_there_is_one_line(settings: Settings, which: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model_of_version(settings, which)


def test_nothing_is_served_yet(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there must be a stable version; found none"):
        model_of_version(Settings(home=tmp_path), "stable")


def test_train_goes_on_from_the_stable_version(
    settings: Settings, toy_files: Files, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(settings.home))
    output = settings.home / "model"
    given = ["train", "--train", str(toy_files.train), "--output", str(output), "--from-version", "stable"]
    assert cli.run([*given, "--load-model-dir", str(settings.trained / "1")]) == 2
    assert "--load-model-dir or --from-version; found both" in capsys.readouterr().err
    assert not output.exists()
    assert cli.run([*given, "--num-epochs", "1", "--learning-rate", "1e-8"]) == 0
    assert json.loads(capsys.readouterr().out)["loss"][0] < 0.7
    assert read_card(output).max_seq_length == 16
