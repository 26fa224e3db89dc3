from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.results import in_json

from sentiment import cli
from sentiment.data.tsv import Post
from sentiment.export import export as exporting
from sentiment.export import tflite
from sentiment.export.formats import TFLITE, TFLITE_INT8
from sentiment.export.parity import Tolerance

export = in_json(exporting.export)

LITE = (TFLITE, TFLITE_INT8)


def interpreter(folder: Path) -> Any:
    from sentiment.tensorflow_setup import tf

    return tf.lite.Interpreter(str(folder / "model.tflite"))


@pytest.mark.parametrize("name", LITE)
def test_it_says_what_the_trained_model_says(result: dict[str, Any], name: str) -> None:
    made = result["formats"][name]
    assert made["made"] is True
    assert made["parity"]["rows"] == 90
    assert made["parity"]["agreement"] >= 0.98
    assert made["parity"]["largest_difference"] <= (1e-4 if name == TFLITE else 0.05)
    assert made["select_tf_ops"] == []
    assert made["seconds"] > 0


def test_eight_bits_take_less_room_and_are_not_exact(result: dict[str, Any]) -> None:
    exact, rounded = (result["formats"][name] for name in LITE)
    assert (Path(rounded["path"]) / "model.tflite").stat().st_size < (
        Path(exact["path"]) / "model.tflite"
    ).stat().st_size
    assert rounded["parity"]["largest_difference"] > exact["parity"]["largest_difference"]


@pytest.mark.parametrize("name", LITE)
def test_the_folder_is_all_that_a_device_needs(result: dict[str, Any], trained: Path, name: str) -> None:
    made = result["formats"][name]
    folder = Path(made["path"])
    files = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert set(files) == {"model.tflite", "model.json", "vocab.txt"}
    assert sum(files.values()) == made["bytes"]
    assert (folder / "vocab.txt").read_text(encoding="utf-8") == (trained / "vocab.txt").read_text(encoding="utf-8")
    card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    assert (card["format"], card["max_seq_length"], card["lower_case"]) == (name, 32, True)
    assert card["labels"] == ["正面", "負面", "中立"]
    assert card["parity"] == made["parity"]


def test_one_file_takes_posts_of_every_length(result: dict[str, Any]) -> None:
    runner = interpreter(Path(result["formats"][TFLITE]["path"])).get_signature_runner("serving_default")
    for length in (2, 32, 5):
        ids = np.full((1, length), 3, np.int32)
        answer = runner(input_ids=ids, input_mask=np.ones_like(ids), segment_ids=np.zeros_like(ids))["probabilities"]
        assert answer.shape == (1, 3)
        assert answer.sum() == pytest.approx(1.0, abs=1e-5)


def test_padding_changes_nothing(result: dict[str, Any]) -> None:
    runner = interpreter(Path(result["formats"][TFLITE]["path"])).get_signature_runner("serving_default")
    row = np.array([[2, 300, 400, 3]], np.int32)
    padded = np.pad(row, ((0, 0), (0, 12)))
    plain, filled = (
        runner(input_ids=ids, input_mask=(ids != 0).astype(np.int32), segment_ids=np.zeros_like(ids))["probabilities"]
        for ids in (row, padded)
    )
    np.testing.assert_allclose(filled, plain, atol=1e-6)


def test_an_operation_that_runs_in_tensorflow_is_named() -> None:
    from sentiment.tensorflow_setup import tf

    function = tf.function(tf.linalg.det, autograph=False)
    concrete = function.get_concrete_function(tf.TensorSpec((2, 2), tf.float32))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], tf.Module())
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    with tflite.silent_native_log():
        content = converter.convert()
    assert tflite.select_tf_ops(content) == ["MatrixDeterminant"]


def test_what_differs_is_not_made_and_an_earlier_one_stays(
    trained: Path,
    posts: list[Post],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    earlier = tmp_path / "1-tflite" / "model.tflite"
    earlier.parent.mkdir()
    earlier.write_bytes(b"earlier")
    monkeypatch.setitem(tflite.TOLERANCE, TFLITE, Tolerance(0.0, 1.0))
    result = export(trained, tmp_path / "1", posts, [TFLITE])
    assert result["formats"][TFLITE]["made"] is False
    assert "must give the trained model's labels" in result["formats"][TFLITE]["why"]
    assert [line for line in capsys.readouterr().err.splitlines() if "is not made" in line] != []
    assert earlier.read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["1-tflite"]


def test_only_what_was_asked_for_is_made(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--model", str(trained), "--output", str(tmp_path / "1"), "--format", "tflite-int8"]
    assert cli.run(["export", *options]) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out.splitlines()[-1])
    assert f"The tflite-int8 is {tmp_path / '1-tflite-int8'} (" in printed.err
    assert (result["export"], result["parity"], list(result["formats"])) == (None, None, [TFLITE_INT8])
    assert [path.name for path in tmp_path.iterdir()] == ["1-tflite-int8"]


def test_native_noise_is_kept_from_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    import os

    with tflite.silent_native_log():
        os.write(2, b"W0000 noise")
    os.write(2, b"said")
    assert capfd.readouterr().err == "said"
