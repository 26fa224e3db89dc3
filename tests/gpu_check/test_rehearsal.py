"""The commands of the checks, for real, on the CPU: as far as they go without a GPU."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sentiment import cli, step
from sentiment.export import export as exporting
from sentiment.export.tensorrt import plan_for
from sentiment.gpu_check import engines, judging, xla
from sentiment.gpu_check.rows import NOT_POSSIBLE


def test_xla_answers_as_the_model_does(trained: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--model", str(trained), "--data", str(data / "test.tsv")]
    assert step.run(options, xla.command, "xla") == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["parity"]["rows"] == 12
    assert "compiled in" in judging.xla(found, found["device"][:3])


@pytest.mark.slow
def test_every_served_shape_is_asked_and_nothing_may_step_in_for_an_engine(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A SavedModel without engines answers; what a TRTEngineOp does with the variable needs a GPU."""
    exporting.export(trained, tmp_path / "1", [])
    monkeypatch.setenv(engines.FALL_BACK, "True")
    assert step.run(["--export", str(tmp_path / "1"), "--model", str(trained)], engines.command, "engines") == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["shapes"] == len(plan_for(16).shapes)
    assert judging.ran(found).startswith(f"{found['shapes']} shapes in ") and os.environ[engines.FALL_BACK] == "False"


def test_a_shape_without_an_engine_is_one_line(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sentiment.tensorflow_setup import tf

    ids = {
        name: tf.TensorSpec((None, None), tf.int32, name=name) for name in ("input_ids", "input_mask", "segment_ids")
    }

    def refuse(**inputs: Any) -> dict[str, Any]:
        with tf.control_dependencies([tf.debugging.assert_less(tf.shape(inputs["input_ids"])[0], 2)]):
            return {"probabilities": tf.cast(inputs["input_ids"], tf.float32)}

    signature = tf.function(refuse, autograph=False).get_concrete_function(**ids)
    tf.saved_model.save(tf.Module(), str(tmp_path / "1"), signatures={"serving_default": signature})
    monkeypatch.setenv(engines.FALL_BACK, "True")
    assert step.run(["--export", str(tmp_path / "1"), "--model", str(trained)], engines.command, "engines") == 2
    said = capsys.readouterr().err
    assert "engines: an engine must answer 32 rows of 2 pieces; found " in said and said.count("\n") == 1


@pytest.mark.slow
def test_every_command_that_needs_no_gpu_runs_through(tmp_path: Path) -> None:
    """On a machine with a GPU the same command tries the GPU, so there it must pass."""
    file = tmp_path / "result.json"
    code = cli.run(["check-gpu", "--rehearse", "--model-name", "scratch/tiny", "--result", str(file)])
    result = json.loads(file.read_text(encoding="utf-8"))
    if result["machine"]["gpus"]:
        assert code == 0, result["rows"]
        return
    assert code == 3
    tried = {row["name"]: row["figures"] for row in result["rows"] if row["figures"].startswith("on the CPU: ")}
    assert list(tried) == [
        "training",
        "training in 16 bits",
        "memory of a step",
        "XLA",
        "SavedModel",
        "SavedModel, served",
    ]
    assert {row["outcome"] for row in result["rows"] if row["needs_gpu"]} == {NOT_POSSIBLE}
