from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from support.results import in_json

from sentiment import cli
from sentiment.data.tsv import Post, write_posts
from sentiment.errors import InputError
from sentiment.export import export as exporting
from sentiment.model.folder import read_card

export = in_json(exporting.export)


@pytest.fixture(scope="session")
def served(version: Path) -> Any:
    from sentiment.tensorflow_setup import tf

    return tf.saved_model.load(str(version))


def ask(served: Any, rows: list[list[int]], mask: list[list[int]] | None = None) -> NDArray[Any]:
    from sentiment.tensorflow_setup import tf

    ids = tf.constant(rows, tf.int32)
    given = tf.ones_like(ids) if mask is None else tf.constant(mask, tf.int32)
    signature = served.signatures["serving_default"]
    answer = signature(input_ids=ids, input_mask=given, segment_ids=tf.zeros_like(ids))
    return np.asarray(answer["probabilities"])


def test_the_export_says_what_the_trained_model_says(result: dict[str, Any]) -> None:
    assert result["parity"]["rows"] == 90
    assert result["parity"]["largest_difference"] <= 1e-4
    assert result["parity"]["labels_equal"] is True


def test_it_is_a_complete_version_folder(version: Path, result: dict[str, Any]) -> None:
    files = {str(path.relative_to(version)) for path in version.rglob("*") if path.is_file()}
    assert {"saved_model.pb", "variables/variables.index"} <= files
    assert sorted(path.name for path in version.parent.iterdir()) == ["1", "1-tflite", "1-tflite-int8"]
    assert result["formats"]["savedmodel"]["bytes"] == sum(p.stat().st_size for p in version.rglob("*") if p.is_file())


def test_weights_are_stored_once(version: Path, result: dict[str, Any]) -> None:
    data = version / "variables" / "variables.data-00000-of-00001"
    assert result["weights_bytes"] <= data.stat().st_size <= result["weights_bytes"] * 1.05 + 10_000
    assert result["formats"]["savedmodel"]["bytes"] <= result["weights_bytes"] * 1.05 + 3_000_000


def test_the_signatures_are_what_clients_were_promised(served: Any) -> None:
    from sentiment.tensorflow_setup import tf

    default, text = served.signatures["serving_default"], served.signatures["text"]
    inputs = default.structured_input_signature[1]
    assert {name: (spec.dtype, spec.shape.as_list()) for name, spec in inputs.items()} == dict.fromkeys(
        ("input_ids", "input_mask", "segment_ids"), (tf.int32, [None, None])
    )
    assert default.structured_outputs["probabilities"].dtype == tf.float32
    assert list(text.structured_input_signature[1]) == ["text"]
    assert {name: spec.dtype for name, spec in text.structured_outputs.items()} == {
        "probabilities": tf.float32,
        "label": tf.string,
        "label_id": tf.int32,
    }


def test_the_text_signature_names_the_label(served: Any) -> None:
    from sentiment.tensorflow_setup import tf

    answer = served.signatures["text"](text=tf.constant(["好吃", "難吃", "普通"]))
    names = [name.decode() for name in answer["label"].numpy()]
    assert names == [("正面", "負面", "中立")[index] for index in answer["label_id"].numpy()]
    assert (answer["probabilities"].numpy().argmax(axis=1) == answer["label_id"].numpy()).all()


def test_a_nul_hides_nothing_of_a_text(served: Any) -> None:
    from sentiment.tensorflow_setup import tf

    texts = ["好吃難吃普通", "好吃\0難吃普通", "\0好\x01吃難\x0b吃普\x85通\0", "好吃"]
    whole, *others, cut = served.signatures["text"](text=tf.constant(texts))["probabilities"].numpy()
    for answer in others:
        np.testing.assert_allclose(answer, whole, atol=1e-6)
    assert np.abs(cut - whole).max() > 1e-4


@pytest.fixture(scope="module")
def twice(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose vocabulary has a piece twice: read it, do not write to it."""
    from sentiment.model import vocabulary

    model = Path(shutil.copytree(trained, tmp_path_factory.mktemp("twice") / "model"))
    pieces = vocabulary.read(model / "vocab.txt")
    pieces[pieces.index("籲")] = "好"
    vocabulary.write(model / "vocab.txt", pieces)
    return model


@pytest.fixture(scope="module")
def without_posts(twice: Path) -> dict[str, Any]:
    """What the command says of an export of that model for which it was given no posts."""
    ran = CliRunner().invoke(exporting.command, ["--model", str(twice), "--output", str(twice.parent / "1")])
    assert ran.exit_code == 0, ran.output
    said: dict[str, Any] = json.loads(ran.stdout)
    return said


@pytest.mark.slow
def test_of_a_piece_that_is_there_twice_the_served_graph_takes_the_last_row(
    twice: Path, without_posts: dict[str, Any]
) -> None:
    from sentiment.model import vocabulary
    from sentiment.tensorflow_setup import tf

    first, last = (row for row, piece in enumerate(vocabulary.read(twice / "vocab.txt")) if piece == "好")
    served = tf.saved_model.load(without_posts["export"])
    found = served.signatures["text"](text=tf.constant(["好"]))["probabilities"].numpy()
    np.testing.assert_allclose(found, ask(served, [[2, last, 3]]), atol=1e-6)
    assert np.abs(found - ask(served, [[2, first, 3]])).max() > 1e-6


def test_no_rows_have_no_answers(served: Any) -> None:
    from sentiment.tensorflow_setup import tf

    answer = served.signatures["text"](text=tf.constant([], tf.string))
    assert {name: value.shape.as_list() for name, value in answer.items()} == {
        "probabilities": [0, 3],
        "label": [0],
        "label_id": [0],
    }
    for length in (0, 7):
        none = tf.zeros((0, length), tf.int32)
        answer = served.signatures["serving_default"](input_ids=none, input_mask=none, segment_ids=none)
        assert answer["probabilities"].shape.as_list() == [0, 3]


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"\x00", "好".encode() * 5000, "\u200b".encode(), b"[SEP] [PAD]"])
def test_strange_bytes_have_an_answer(served: Any, text: bytes) -> None:
    from sentiment.tensorflow_setup import tf

    answer = served.signatures["text"](text=tf.constant([text, b"ok"]))["probabilities"].numpy()
    assert np.isfinite(answer).all()
    alone = served.signatures["text"](text=tf.constant([b"ok"]))["probabilities"].numpy()
    np.testing.assert_allclose(answer[1:], alone, atol=1e-6)


def test_padding_of_any_kind_changes_nothing(served: Any) -> None:
    """Zeros from a client, a repeated first element ([CLS] ids, a mask of 1) from the server's batcher."""
    row = [2, 300, 400, 500, 3]
    expected = ask(served, [row])
    np.testing.assert_allclose(ask(served, [row + [0] * 11]), expected, atol=1e-6)
    np.testing.assert_allclose(ask(served, [row + [2] * 11]), expected, atol=1e-6)
    np.testing.assert_allclose(ask(served, [row + [700] * 3], [[1] * 5 + [0] * 3]), expected, atol=1e-6)
    assert np.abs(ask(served, [[2, 300, 400, 700, 3]]) - expected).max() > 1e-6


def test_ids_that_nobody_should_send_harm_nobody_in_the_batch(served: Any) -> None:
    """Requests of several clients run as one batch: what the graph refused would fail all of them."""
    from sentiment.tensorflow_setup import tf

    row = [2, 300, 400, 500, 3]
    mixed = ask(served, [row, [2, 300, 10**6, -7, 3]])
    np.testing.assert_allclose(mixed[:1], ask(served, [row]), atol=1e-6)
    assert np.isfinite(mixed).all()
    ids, segments = tf.constant([row]), tf.constant([[0, 0, 7, -1, 0]])
    signature = served.signatures["serving_default"]
    strange = signature(input_ids=ids, input_mask=tf.ones_like(ids), segment_ids=segments)["probabilities"].numpy()
    assert np.isfinite(strange).all()


def test_a_row_beyond_the_longest_position_is_cut(served: Any, trained: Path) -> None:
    positions = read_card(trained).architecture["max_position_embeddings"]
    row = [2] + [300] * (positions + 20)
    np.testing.assert_allclose(ask(served, [row]), ask(served, [row[:positions]]), atol=1e-6)
    assert np.abs(ask(served, [row]) - ask(served, [row[: positions // 2]])).max() > 1e-6


SERVER = """
import sys, tensorflow as tf, tensorflow_text
model = tf.saved_model.load(sys.argv[1])
print(model.signatures["text"](text=tf.constant(["好吃"]))["label"].numpy()[0].decode())
assert not {"transformers", "sentiment"} & {name.split(".")[0] for name in sys.modules}
"""


@pytest.mark.slow
def test_a_process_without_transformers_can_serve_it(version: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SERVER, str(version)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("正面", "負面", "中立")


def test_without_posts_texts_are_invented(without_posts: dict[str, Any]) -> None:
    assert without_posts["parity"]["rows"] >= 64


@pytest.fixture(scope="module")
def run(trained: Path, posts: list[Post], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder; its model was exported where an earlier export was: read it, do not write to it."""
    home = tmp_path_factory.mktemp("home")
    run = home / "runs" / "r1"
    shutil.copytree(trained, run / "model")
    write_posts(run / "test.tsv", posts)
    (run / "export").mkdir()
    (run / "export" / "saved_model.pb").write_bytes(b"old")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SENTIMENT_HOME", str(home))
        assert cli.run(["export", "--run", "r1"]) == 0
    return run


def test_a_run_is_exported_into_its_folder(run: Path) -> None:
    assert json.loads((run / "export.json").read_text(encoding="utf-8"))["export"] == str(run / "export")
    assert (run / "export" / "saved_model.pb").is_file()


def test_a_model_that_answers_otherwise_is_not_exported(
    trained: Path, posts: list[Post], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is saved is not what was trained: the check has to notice."""
    from sentiment.export import graph
    from sentiment.export.parity import ParityError

    save = graph.save

    def change_and_save(opened: Any, folder: Path, **options: Any) -> None:
        opened.keras.set_weights([weight + 0.05 for weight in opened.keras.get_weights()])
        save(opened, folder, **options)

    monkeypatch.setattr(graph, "save", change_and_save)
    with pytest.raises(ParityError, match="must give the trained model's labels"):
        export(trained, tmp_path / "1", posts, batching=False)
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_ends_a_text_at_a_nul_is_not_made(
    trained: Path, posts: list[Post], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the tokenizer once did: the check has to notice."""
    from sentiment.export import graph
    from sentiment.export.parity import ParityError
    from sentiment.model import tokenizer

    save = graph.save

    def save_as_before(opened: Any, folder: Path, **options: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(tokenizer, "INVISIBLE", r"[\p{Cf}\x{FFFD}]")
            save(opened, folder, **options)

    monkeypatch.setattr(graph, "save", save_as_before)
    with pytest.raises(ParityError, match="must give the trained model's labels"):
        export(trained, tmp_path / "1", posts, batching=False)
    assert list(tmp_path.iterdir()) == []


def test_something_else_at_the_output_is_not_deleted(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="must be a new folder or an earlier export"):
        export(trained, tmp_path, [])
    assert (tmp_path / "thesis.txt").is_file()


def test_an_earlier_export_is_replaced(run: Path) -> None:
    assert (run / "export" / "saved_model.pb").stat().st_size > 1000
    assert sorted(path.name for path in run.iterdir()) == ["export", "export.json", "model", "test.tsv"]


def test_a_missing_model_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["export", "--model", str(tmp_path / "no"), "--output", str(tmp_path / "1")]) == 2
    assert "model.json" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
