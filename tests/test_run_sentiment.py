"""The older tool's command, as its users type it: train, test, deploy, go on from a model, try it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sentiment import cli, run_sentiment
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post, write_posts
from sentiment.export.formats import FormatList
from sentiment.labels import Labels
from sentiment.model.folder import read_card
from sentiment.settings import read_settings

ROOT = Path(__file__).resolve().parent.parent
POSTS = [
    Post(f"{word}{tail}", label)
    for label, words in enumerate((("好吃", "很棒", "超讚"), ("難吃", "很爛", "超差"), ("普通", "請問", "幾點")))
    for word in words
    for tail in ("", "！", "的店", "喔喔")
]
SHORT = ["--model_name=scratch/tiny", "--num_epochs=1", "--max_seq_length=16"]
TARGETS = [
    "run_fine_tuning_sentiment",
    "run_load_model_to_train",
    "run_test_sentiment",
    "run_inference_sentiment",
    "deploy_model",
]


def run(*options: str) -> int:
    return cli.run(["--task_name=sentiment", *options], run_sentiment.command, run_sentiment.NAME)


def last_line(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
    printed = capsys.readouterr()
    return json.loads(printed.out.splitlines()[-1]), printed.err


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    folder = tmp_path / "data"
    write_posts(folder / "train.tsv", POSTS)
    write_posts(folder / "test.tsv", POSTS[::3])
    write_posts(folder / "latest_test.tsv", POSTS[::4])
    return folder


def test_the_options_and_defaults_are_those_of_the_older_tool() -> None:
    options = {option.name: option for option in run_sentiment.command.params}
    assert set(options) == {
        *("data_dir", "task_name", "output_dir", "deploy_dir", "learning_rate", "num_epochs", "dropout_rate"),
        *("batch_size", "max_seq_length", "do_train", "do_test", "do_inference", "save_format", "model_type"),
        *("model_name", "load_model_dir", "use_dev_dataset", "mix_number"),
    }
    stated = {name: options[name].default for name in ("batch_size", "do_train", "do_test", "mix_number")}
    assert stated == {"batch_size": 32, "do_train": False, "do_test": False, "mix_number": 0}


@pytest.mark.filterwarnings("ignore:non-integer arguments to randrange:DeprecationWarning")
@pytest.mark.slow
def test_train_test_deploy_go_on_and_try(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, deploy = tmp_path / "checkpoints" / "1", tmp_path / "deploy" / "1"
    folders = [f"--data_dir={data}", f"--output_dir={model}"]
    training = ["--do_train=True", "--do_test=True", "--use_dev_dataset=True", f"--deploy_dir={deploy}"]
    assert run(*folders, *training, *SHORT, "--save_format=['savedmodel', 'tensorRT']") == 0
    result, said = last_line(capsys)
    assert (result["task"], result["train"]["epochs"], result["train"]["rows"]) == ("sentiment", 1, len(POSTS))
    assert result["test"]["rows"] == len(POSTS[::4])
    assert {name: made["made"] for name, made in result["export"]["formats"].items()} == {
        "savedmodel": True,
        "tensorrt": False,
    }
    assert said.count("tensorrt is not made") == 1
    assert "tflite" not in said
    assert {"summary.txt", "test_report.txt", "test_result.tsv", "model.json"} <= {
        file.name for file in model.iterdir()
    }
    assert (deploy / "saved_model.pb").is_file()

    write_posts(data / "new_train.tsv", [Post("新店好雷", 1), Post("新店好香", 0)])
    second = tmp_path / "checkpoints" / "2"
    going_on = [f"--data_dir={data}", f"--output_dir={second}", f"--load_model_dir={model}", "--mix_number=2"]
    # The old rows are shorter than the twenty characters that a mixed-in row must have.
    assert run(*going_on, "--do_train=True") == 2
    assert "must hold rows of every label" in capsys.readouterr().err
    write_posts(
        data / "train.tsv", [Post(post.text + "，吃過的人都這樣說，大家可以參考看看", post.label) for post in POSTS]
    )
    assert run(*going_on, "--do_train=True", "--num_epochs=1") == 0
    result, _ = last_line(capsys)
    assert (result["mix"]["added"], result["train"]["rows"]) == ([2, 2, 2], 8)
    assert len(read_posts(data / "load_train.tsv", Labels())) == 8
    assert read_card(second).max_seq_length == 16

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("很爛\n".encode())))
    assert run(f"--output_dir={second}", "--do_inference=True") == 0
    assert capsys.readouterr().out.startswith("--> [input content]: 很爛\npositive:")

    assert run(f"--output_dir={second}", f"--data_dir={data}", "--do_test=True", "--model_type=tf-hub") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--do_train, --do_test or --do_inference must be True"),
        (["--do_train=maybe"], "'maybe' is not a valid boolean"),
        (["--do_train=True", "--save_format=onnx"], "'onnx' is not one of savedmodel, tensorRT, tflite"),
        (["--do_train=True", "--save_format="], "'' is not one of"),
        (["--do_train=True"], "--data_dir must be given"),
        (["--do_train=True", "--data_dir=nowhere"], "--data_dir must hold test.tsv"),
        (["--do_train=True", "--data_dir={data}", "--load_model_dir="], "must hold a readable model.json"),
        (["--do_train=True", "--data_dir={data}", "--load_model_dir=nowhere"], "must hold a readable model.json"),
        (["--do_train=True", "--data_dir={data}", "--num_epochs=0"], "must be between 1 and"),
        (["--do_train=True", "--data_dir={data}", "--model_name=scratch/huge"], "from-scratch encoder must be one of"),
        (["--do_train=True", "--data_dir={data}", "--deploy_dir={data}/../model"], "must not hold --deploy_dir"),
        (["--do_train=True", "--data_dir={data}", "--deploy_dir={data}"], "--deploy_dir is replaced as a whole"),
        (["--do_test=True", "--data_dir={data}"], "must hold a readable model.json"),
        (["--do_inference=True"], "must hold a readable model.json"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_made(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    given = [option.replace("{data}", str(data)) for option in options]
    assert run(f"--output_dir={tmp_path / 'model'}", *given) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1, errors
    assert errors[0].startswith("run_sentiment: ")
    assert message in errors[0]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("savedmodel,tensorRT", ("savedmodel", "tensorRT")),
        ('["savedmodel", "tensorRT"]', ("savedmodel", "tensorRT")),
        ("[ 'tensorrt' ]", ("tensorRT",)),
        ("TFLITE", ("tflite",)),
    ],
)
def test_a_list_is_words_with_commas_or_a_python_list(text: str, formats: tuple[str, ...]) -> None:
    assert FormatList(run_sentiment.FORMATS).convert(text, None, None) == formats


@pytest.mark.parametrize("target", TARGETS)
def test_a_make_variable_never_becomes_shell_text(target: str) -> None:
    hostile = "x'\"; touch pwned #"
    names = ("TASK_NAME", "DATA_DIR", "OUTPUT_DIR", "DEPLOY_DIR", "LOAD_MODEL_DIR", "MODEL_NAME", "MIX_NUMBER")
    values = [f"{name}={hostile}" for name in (*names, "SAVE_FORMAT", "MODEL_TYPE", "USE_DEV_DATASET", "SERVING_DIR")]
    shown = subprocess.run(
        ["make", "--dry-run", "--old-file=setup", target, *values], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "sentiment" in shown.stdout
    assert "pwned" not in shown.stdout


def test_make_passes_its_values_on_as_they_are(tmp_path: Path) -> None:
    show = tmp_path / "show"
    show.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    show.chmod(0o755)
    folder = "a b; touch \"pwned\" 'c' #d"
    options = [f"TRAINER={show}", f"DATA_DIR={folder}", "MODEL_NAME=scratch/tiny", "TASK_NAME=好 name"]
    shown = subprocess.run(
        ["make", "--old-file=setup", "run_fine_tuning_sentiment", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    passed = shown.stdout.splitlines()
    assert passed[passed.index("--data_dir") + 1] == folder
    assert passed[passed.index("--output_dir") + 1] == "checkpoints/好 name/model"
    assert passed[passed.index("--model_name") + 1] == "scratch/tiny"


def test_a_training_on_the_folder_leaves_out_what_a_refreshed_test_set_has_or_had(data: Path) -> None:
    train, settings = data / "train.tsv", read_settings()
    assert run_sentiment._trainable(train, settings) == train
    write_posts(data / "retired" / "test-1-2026-01-01.tsv", [POSTS[1]])
    usable = run_sentiment._trainable(train, settings)
    assert usable == data / "load_train.tsv"
    assert read_posts(usable, Labels()) == [post for post in POSTS if post not in (*POSTS[::3], POSTS[1])]
    assert read_posts(train, Labels()) == POSTS
