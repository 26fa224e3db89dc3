"""What a version's run left is kept as it was, and no step writes into a run that is published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.models_page_homes import results, write_run

from sentiment.cli import run as run_verb
from sentiment.digests import sha256_of
from sentiment.results.deliveries import Prepare
from sentiment.run_folder import RunFolder
from sentiment.serving.change import Change, changing
from sentiment.serving.history import read_state
from sentiment.serving.publish import Candidate, publish
from sentiment.serving.records import results_of
from sentiment.serving.trained import folder_of
from sentiment.settings import Settings

STEPS = ("ingest", "prepare", "check", "train", "evaluate", "gate", "export", "validate", "experiment-plan")


def published(settings: Settings, name: str, *left: str, by_run: bool = True) -> RunFolder:
    """Publishes a run, of which only the results in `left` are there; without `by_run`, as an export that has none."""
    write_run(settings.home, name, {step: found for step, found in results().items() if step in left})
    run = RunFolder.named(settings, name)
    (run.export / "variables").mkdir(parents=True)
    (run.export / "saved_model.pb").write_bytes(b"graph")
    (run.export / "variables" / "variables.index").write_bytes(b"weights")
    (run.model / "model.json").write_text(json.dumps({"data": {"rows": 90}}))
    with changing(settings, "ann") as change:
        publish(change, Candidate(run.export, run.model, run.name if by_run else "", {}))
    return run


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    return Settings(home=tmp_path)


def test_what_happens_to_a_runs_folder_later_does_not_change_what_is_read_of_its_version(settings: Settings) -> None:
    run = published(settings, "night-1", "gate", "prepare", "evaluation")
    version = read_state(settings).versions[1]
    assert version.records.keys() == {"gate.json", "prepare.json", "evaluation.json", "model/report.html"}
    kept = results_of(settings, version)
    assert {name: sha256_of(kept.path / name) for name in version.records} == version.records
    run.result("prepare").write_text("{}")
    assert kept.read(Prepare).train_rows == 90


def test_a_result_that_version_0_1_0_wrote_is_kept_under_todays_name(settings: Settings) -> None:
    write_run(settings.home, "night-1", {"evaluate": results()["evaluation"]})
    published(settings, "night-1", "gate")
    assert "evaluation.json" in read_state(settings).versions[1].records


def test_a_version_from_before_there_were_records_is_read_from_its_run(settings: Settings) -> None:
    published(settings, "night-1", "gate", by_run=False)
    version = read_state(settings).versions[1]
    assert not version.records and not settings.records.exists()
    assert results_of(settings, version._replace(run="night-1")).path == settings.runs / "night-1"


@pytest.mark.parametrize("step", STEPS)
def test_no_step_writes_into_a_run_that_is_published(
    settings: Settings, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    published(settings, "night-1")
    before = {path: path.read_bytes() for path in settings.runs.rglob("*") if path.is_file()}
    result = settings.home / "result.json"
    assert run_verb([step, "--run", "night-1", "--result", str(result)]) == 2
    assert {path: path.read_bytes() for path in settings.runs.rglob("*") if path.is_file()} == before
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1 and told[0].startswith(
        "sentiment: a step may only write into the folder of a run that is not published; found run night-1, "
        "which is version 1. Start a new run"
    ), told
    assert "which is version 1" in json.loads(result.read_text())["error"]


def test_a_publication_that_a_kill_cut_short_leaves_no_model_to_another_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was, the same export with another model was published beside the model of the one before."""
    export, models = settings.runs / "export", [settings.runs / name for name in "ab"]
    (export / "variables").mkdir(parents=True)
    (export / "saved_model.pb").write_bytes(b"graph")
    (export / "variables" / "variables.index").write_bytes(b"weights")
    for rows, model in enumerate(models):
        model.mkdir()
        (model / "model.json").write_text(json.dumps({"data": {"rows": rows}}))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt), changing(settings, "ann") as change:
        patch.setattr(Change, "record", killed)
        publish(change, Candidate(export, models[0], "", {}))
    assert (settings.versions / "1").is_dir() and read_state(settings).versions == {}
    with changing(settings, "ann") as change:
        assert publish(change, Candidate(export, models[1], "", {})) == (1, False)
    assert (folder_of(settings, 1) / "model.json").read_bytes() == (models[1] / "model.json").read_bytes()
    assert read_state(settings).versions[1].data.rows == 1
    assert [path.name for path in settings.versions.iterdir()] == ["1"]
