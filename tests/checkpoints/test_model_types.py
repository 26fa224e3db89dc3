"""Each model type as its users meet it: train, test, predict, try, export, go on; and each mistake as one line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentiment import cli, processes
from sentiment.data.tsv import Post, write_posts
from sentiment.model.folder import read_card
from sentiment.training.training_files import Files

CKIP = "ckiplab/albert-tiny-chinese"
SHORT = ["--num-epochs", "1", "--max-seq-length", "16", "--batch-size", "16"]


@pytest.fixture(scope="session")
def hub_cache(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """A hub's cache that holds ckiplab/albert-tiny-chinese: a masked language model's weights, as pytorch_model.bin."""
    cache = tmp_path_factory.mktemp("hub")
    shutil.copytree(data / "albert-masked-lm-bin", cache / "models--ckiplab--albert-tiny-chinese/snapshots/0")
    (cache / "models--ckiplab--albert-tiny-chinese/refs").mkdir()
    (cache / "models--ckiplab--albert-tiny-chinese/refs/main").write_text("0", encoding="utf-8")
    return cache


@pytest.fixture
def checkpoints(data: Path, hub_folder: Path, hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(hub_cache))
    return {
        "ckip": CKIP,
        "bert": str(data / "bert-safetensors"),
        "hub": str(hub_folder / "encoder"),
    }


def inferred(model: str, folder: Path) -> str:
    """Returns what `infer` prints for one line of a pipe, which a process of its own reads, too."""
    (folder / "typed.txt").write_text("很爛\n", encoding="utf-8")
    command = processes.python_module("sentiment", "infer", "--model", model)
    with (folder / "typed.txt").open("rb") as typed:
        done = subprocess.run(command, stdin=typed, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "checkpoint"), [("custom", "ckip"), ("origin", "bert"), ("tf-hub", "hub")])
def test_train_test_predict_try_export_and_go_on(
    kind: str,
    checkpoint: str,
    checkpoints: dict[str, str],
    files: Files,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    name, train, test = checkpoints[checkpoint], str(files.train), str(files.test)

    def run(*arguments: str) -> Any:
        assert cli.run(list(arguments)) == 0, capfd.readouterr().err
        return json.loads(capfd.readouterr().out.splitlines()[-1])

    model, second = str(tmp_path / "model"), str(tmp_path / "second")
    rows = ["--train", train, "--test", test]
    trained = run("train", "--model-type", kind, "--model-name", name, *rows, "--output", model, *SHORT)
    card = read_card(Path(model))
    assert (card.type, card.name, card.vocabulary, card.max_seq_length) == (kind, name, 41, 16)
    assert str(tmp_path) not in json.dumps(card.architecture)
    assert np.isfinite(trained["loss"]).all()

    tested = run("test", "--model", model, "--data", test, "--output", str(tmp_path / "reports"))
    assert tested["rows"] == 12
    run("predict", "--model", model, "--data", test, "--output", str(tmp_path / "answers.jsonl"))
    answers = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(answers) == 12
    assert "predict result" in inferred(model, tmp_path)

    exported = run("export", "--model", model, "--output", str(tmp_path / "export"), "--data", test)
    assert exported["parity"]["labels_equal"] is True
    assert exported["parity"]["largest_difference"] <= 1e-4
    size = sum(file.stat().st_size for file in (tmp_path / "export").rglob("*") if file.is_file())
    assert size <= 4 * trained["parameters"] * 1.05 + 3_000_000
    assert_served_as_predicted(tmp_path / "export", answers)

    gone_on = run("train", "--load-model-dir", model, *rows, "--output", second, "--num-epochs", "1")
    assert gone_on["parameters"] == trained["parameters"]
    assert (read_card(Path(second)).type, read_card(Path(second)).architecture) == (kind, card.architecture)
    shutil.rmtree(model)
    assert run("test", "--model", second, "--data", test, "--output", str(tmp_path / "reports"))["rows"] == 12


def assert_served_as_predicted(export: Path, answers: list[dict[str, Any]]) -> None:
    """The text signature of the saved files gives what `predict` gave, for posts without a title."""
    from sentiment.tensorflow_setup import tf

    alone = [answer for answer in answers if not answer.get("title")]
    served = tf.saved_model.load(str(export)).signatures["text"](text=tf.constant([answer["text"] for answer in alone]))
    predicted = [list(answer["probabilities"].values()) for answer in alone]
    singles = [row for row, answer in enumerate(alone) if not answer["text"].endswith("我")]
    np.testing.assert_allclose(served["probabilities"].numpy()[singles], np.array(predicted)[singles], atol=1e-4)


def test_the_same_name_with_other_weights_is_another_training(data: Path, files: Files, tmp_path: Path) -> None:
    from sentiment.labels import Labels
    from sentiment.training.hyperparameters import choose
    from sentiment.training.training_files import identity_of

    folder = shutil.copytree(data / "bert-bin", tmp_path / "bert")
    settings = choose("custom", str(folder))
    before = identity_of(files, settings, Labels())
    assert identity_of(files, settings, Labels()) == before
    shutil.copyfile(data / "bert-half" / "pytorch_model.bin", folder / "pytorch_model.bin")
    assert identity_of(files, settings, Labels()) != before


MISTAKES = [
    (["--model-type", "bert"], "the model type must be one of custom, origin, tf-hub; found 'bert'"),
    (["--model-type", "tf-hub"], "must be a local SavedModel folder, or an address such as https://tfhub.dev/"),
    (["--model-type", "tf-hub", "--model-name", "{data}/bert-bin"], "no {data}/bert-bin/saved_model.pb"),
    (["--model-name", "{hub}"], "found no config.json"),
    (["--model-name", "{data}/gpt2"], "must be one of albert, bert, "),
    (["--model-type", "origin", "--model-name", "{data}/gpt2"], "must be one of albert, bert, "),
    (["--model-name", "scratch/huge"], "from-scratch encoder must be one of"),
    (["--model-name", "bert-base-chinese"], "HF_HUB_OFFLINE is set"),
    (["--model-name", "{data}/bert-bin", "--max-seq-length", "25"], "must be at most the 24 positions"),
    (["--model-name", "{data}/bert-bin", "--vocab", "{large}"], "must fit its 41 embeddings; found 42 pieces"),
    (["--model-name", "{cut}"], "the weights of an encoder must be whole"),
    (["--model-name", "{electra}"], "must have a pooled output; found a 'electra' encoder"),
    (["--model-name", "{megatron}"], "must be of a type that transformers has for TensorFlow; found 'megatron-bert'"),
]


@pytest.mark.parametrize(("options", "message"), MISTAKES, ids=[" ".join(options) for options, _ in MISTAKES])
def test_a_mistake_is_one_line_and_the_old_model_stays(
    data: Path,
    hub_folder: Path,
    electra: Path,
    files: Files,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    names = {"data": data, "hub": hub_folder / "encoder", "electra": electra, **spoiled(data, tmp_path)}
    given = [option.format(**names) for option in options]
    files.output.mkdir()
    (files.output / "model.json").write_text("{}", encoding="utf-8")
    arguments = ["train", "--train", str(files.train), "--output", str(files.output), "--replace"]
    assert cli.run([*arguments, "--max-seq-length", "16", *given]) == 2
    errors = capfd.readouterr().err.splitlines()
    assert message.format(**names) in errors[-1]
    assert [line for line in errors if "Traceback" in line] == []
    assert [file.name for file in files.output.iterdir()] == ["model.json"]


def spoiled(data: Path, folder: Path) -> dict[str, Path]:
    """Checkpoints that cannot be used, each in its own way."""
    large = folder / "large.txt"
    large.write_text((data / "bert-bin" / "vocab.txt").read_text(encoding="utf-8") + "多\n", encoding="utf-8")
    cut = shutil.copytree(data / "bert-bin", folder / "cut")
    (cut / "pytorch_model.bin").write_bytes((cut / "pytorch_model.bin").read_bytes()[:9000])
    megatron = shutil.copytree(data / "bert-bin", folder / "megatron")
    settings = json.loads((megatron / "config.json").read_text(encoding="utf-8"))
    (megatron / "config.json").write_text(json.dumps({**settings, "model_type": "megatron-bert"}), encoding="utf-8")
    return {"large": large, "cut": cut, "megatron": megatron}


@pytest.fixture(scope="session")
def electra(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """An encoder without a pooler."""
    from sentiment.tensorflow_setup import tf  # noqa: F401 - sets Keras 2 before transformers looks
    from transformers import ElectraConfig, TFElectraModel  # isort: skip

    folder = tmp_path_factory.mktemp("electra")
    size = {"hidden_size": 12, "embedding_size": 12, "num_attention_heads": 2, "intermediate_size": 20}
    model = TFElectraModel(ElectraConfig(vocab_size=41, num_hidden_layers=1, **size))
    model.build_in_name_scope()
    model.save_pretrained(folder)
    shutil.copyfile(data / "bert-bin" / "vocab.txt", folder / "vocab.txt")
    return folder


LIGHT = """
import sys
from sentiment import cli, processes
code = cli.run(sys.argv[1:])
print(code, "tensorflow" in sys.modules)
"""


@pytest.mark.parametrize(
    "options",
    [
        ["--model-type", "bert"],
        ["--model-type", "tf-hub", "--model-name", "bert-base-chinese"],
        ["--model-name", "bert-base-chinese"],
        ["--model-name", "scratch/huge"],
    ],
)
def test_a_mistyped_name_costs_no_tensorflow(tmp_path: Path, options: list[str]) -> None:
    write_posts(tmp_path / "train.tsv", [Post("好吃", 0), Post("難吃", 1), Post("普通", 2)])
    arguments = ["train", "--train", str(tmp_path / "train.tsv"), "--output", str(tmp_path / "model"), *options]
    done = subprocess.run([sys.executable, "-c", LIGHT, *arguments], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1:] == ["2 False"], done.stderr
    assert len(done.stderr.splitlines()) == 1
