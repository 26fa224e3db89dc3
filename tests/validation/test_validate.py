"""The verb, from end to end: each run of it starts a server of its own."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.results import whole_json

from sentiment import atomic, cli
from sentiment.data.tsv import Post, write_posts
from sentiment.export import warmup
from sentiment.results.export import Export
from sentiment.results.served import read_answers
from sentiment.serving.publish import Candidate


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def validate(capsys: pytest.CaptureFixture[str], *options: object) -> dict[str, Any]:
    assert cli.run(["validate", *map(str, options)]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return result


def failed(result: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["sentence"] for check in result["checks"] if not check["passed"]}


def test_a_run_is_validated_and_its_export_gets_its_warm_up(
    model: Path, exported: Path, posts: list[Post], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = home / "runs" / "r1"
    shutil.copytree(model, run / "model")
    shutil.copytree(exported, run / "export")
    atomic.write_json(run / "export.json", whole_json(Export))
    write_posts(run / "test.tsv", posts[::2])
    write_posts(run / "latest_test.tsv", posts[1::2])
    result = validate(capsys, "--run", "r1")
    assert failed(result) == {}
    assert result["passed"] and result["sentence"].startswith("It may be served: ")
    assert json.loads((run / "validate.json").read_text(encoding="utf-8")) == result
    assert result["warmup_records"] == 3 * 6 * 2
    assert result["digest"] == Candidate(run / "export", run / "model", "", {}).digest
    kept = read_answers(run / "export")
    assert kept and kept.texts and not {post.text for post in posts} & set(kept.texts)
    assert (run / "export" / warmup.FILE).is_file() and not (exported / warmup.FILE).exists()
    warm_up = (run / "export" / warmup.FILE).read_bytes()
    assert not [post.text for post in posts if len(post.text) > 2 and post.text.encode() in warm_up]
    assert result["parity"]["rows"] == len(posts) + 2
    assert (result["server"], result["operations"]["unknown"]) == ("embedded", [])
    # Which one is less is for people to look at: in a moment when the machine did much else, it was the cold one.
    warm, cold = (result["first_request_ms"][name] for name in ("warm", "cold"))
    assert warm and warm.keys() == cold.keys() and min(*warm.values(), *cold.values()) > 0
    assert result["export_bytes"] > 1000 and result["peak_memory_bytes"] > 100e6 and result["load_seconds"] > 0
    assert not (home / "serving").exists()


@pytest.mark.slow
def test_limits_are_kept_when_they_are_given(
    model: Path, copy: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = ["--memory-limit", "100", "--latency-limit-ms", "0.1"]
    result = validate(capsys, "--export", copy, "--model", model, *limits)
    assert set(failed(result)) == {"latency", "memory"}
    assert result["sentence"].endswith(" MB (at most 100).")
    assert (result["passed"], result["digest"], result["warmup_records"]) == (False, None, 0)


def truncate_variables(export: Path) -> None:
    file = next((export / "variables").glob("variables.data-*"))
    os.truncate(file, file.stat().st_size // 2)


def damage_graph(export: Path) -> None:
    (export / "saved_model.pb").write_bytes(b"\xff" * 1000)


@pytest.mark.parametrize(
    ("harm", "check", "said"),
    [
        pytest.param(
            truncate_variables,
            "loads",
            "the server did not load it: OUT_OF_RANGE: Read less bytes than requested.",
            marks=pytest.mark.slow,
        ),
        (
            damage_graph,
            "computes",
            "the export must only compute; it has a saved_model.pb that is none, or that cannot be read whole. ",
        ),
    ],
)
def test_an_export_that_does_not_load_is_refused(
    harm: Any, check: str, said: str, model: Path, copy: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is no graph at all does not even get to a server."""
    harm(copy)
    result = validate(capsys, "--export", copy, "--model", model)
    assert list(failed(result)) == [check]
    assert result["sentence"].startswith(f"It must not be served: {said}")
    assert result["digest"] is None


@pytest.mark.slow
def test_an_export_that_reads_and_writes_files_is_never_loaded(
    model: Path, saved_after: Callable[..., Path], home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It answers every question well, and copies a secret elsewhere while it does."""
    from sentiment.tensorflow_setup import tf

    secret, stolen = tmp_path / "secret", tmp_path / "stolen"
    secret.write_text("the key", encoding="utf-8")

    def steal(served: Any) -> None:
        answer = served.forward

        def answer_and_steal(inputs: Any) -> Any:
            with tf.control_dependencies([tf.io.write_file(str(stolen), tf.io.read_file(str(secret)))]):
                return tf.identity(answer(inputs))

        served.forward = tf.function(answer_and_steal, input_signature=answer.input_signature, autograph=False)

    export = saved_after(steal)
    begin = time.monotonic()
    result = validate(capsys, "--export", export, "--model", model)
    assert time.monotonic() - begin < 180  # a few seconds, on a machine that does nothing else
    said = "the export must only compute; it has the operation ReadFile, the operation WriteFile. It was not loaded"
    assert failed(result) == {"computes": said}
    assert (result["passed"], result["digest"], result["load_seconds"]) == (False, None, None)
    assert not stolen.exists() and not (export / warmup.FILE).exists()
    tf.saved_model.load(str(export)).signatures["text"](text=tf.constant(["好吃"]))
    assert stolen.read_text(encoding="utf-8") == "the key"  # so that is what it would have done


def test_a_missing_file_is_named_before_anything_is_started(
    model: Path, copy: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "variables" / "variables.index").unlink()
    result = validate(capsys, "--export", copy, "--model", model)
    assert result["sentence"] == "It must not be served: the export has no variables/variables.index."
    assert result["start_seconds"] is None


@pytest.mark.slow
def test_a_version_that_takes_for_ever_to_load_is_refused(
    model: Path, copy: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = validate(capsys, "--export", copy, "--model", model, "--load-timeout", 1)  # TensorFlow alone takes longer
    assert "the server did not load it: not in 1 s; it last said: " in result["sentence"]


@pytest.mark.slow
def test_a_pipe_is_never_opened(model: Path, copy: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = copy / "variables" / "variables.index"
    index.unlink()
    os.mkfifo(index)  # whoever opens it waits for a writer
    result = validate(capsys, "--export", copy, "--model", model)
    assert "it has variables/variables.index, which is no file" in result["sentence"]


def test_what_is_served_is_not_touched(model: Path, copy: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    served = home / "serving" / "models" / "sentiment" / "1"
    served.parent.mkdir(parents=True)
    shutil.move(copy, served)
    assert cli.run(["validate", "--export", str(served), "--model", str(model)]) == 2
    assert "only an export that is not published yet can be validated" in capsys.readouterr().err
    assert not (served / warmup.FILE).exists()


@pytest.mark.parametrize("name", ["home/serving/models/sentiment/9", "big/9", "home/serving/models/sentiment/9/../9"])
def test_a_version_behind_a_link_is_served_too(
    name: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "big/9").mkdir(parents=True)
    (home / "serving/models/sentiment").mkdir(parents=True)
    (home / "serving/models/sentiment/9").symlink_to(tmp_path / "big/9")
    assert cli.run(["validate", "--export", str(tmp_path / name), "--model", "model"]) == 2
    said = capsys.readouterr().err
    assert f"can be validated; found {tmp_path / name}, which is served. Validate" in said
    (tmp_path / "big/10").mkdir()
    assert cli.run(["validate", "--export", str(tmp_path / "big/10"), "--model", "model"]) == 2
    assert "No such folder" in capsys.readouterr().err  # it is the model that is not there


def test_bad_usage_is_one_line(
    model: Path, copy: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, said in (
        ([], "give --run, or --export and --model"),
        (["--run", "none"], "step 'export' of run none must have finished"),
        (
            ["--export", str(tmp_path / "no"), "--model", str(model)],
            f"No such folder: {tmp_path / 'no'}. An export must be a folder.",
        ),
        (["--export", str(copy), "--model", str(model), "--server", "/no/server"], "a throw-away server must start"),
    ):
        assert cli.run(["validate", *options]) == 2
        assert said in capsys.readouterr().err
