"""One small load test, for real; then the same again, which asks nothing any more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentiment.bench.load import requests
from sentiment.bench.load.run import Asked, LoadTest
from sentiment.bench.load.serve import why_no_siege
from sentiment.bench.load.targets import Target
from sentiment.bench.speed import tools
from sentiment.bench.speed.machine import this_processor
from sentiment.bench.speed.start import Shape, begin, write_ours
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post, write_posts
from sentiment.labels import Labels
from sentiment.model import vocabulary
from sentiment.settings import Settings
from sentiment.tensorflow_setup import tf

needs_tools = pytest.mark.skipif(
    not tools.PYTHON.is_file(), reason="PyTorch is not here: `make bench-tools` installs it"
)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export whose text signature answers with the number of characters."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def text(text: Any) -> Any:
        return {"length": tf.strings.length(text)}

    folder = tmp_path_factory.mktemp("toy") / "1"
    module = tf.Module()
    module.text = text
    tf.saved_model.save(module, str(folder), signatures={"text": text})
    return folder


@pytest.mark.slow
def test_a_load_test_from_end_to_end_and_again(
    run: Callable[..., int], toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_posts(tmp_path / "posts.tsv", [Post(f"第{number}篇", 0) for number in range(7)])
    arguments = [
        *("serve", "--export", f"toy={toy}", "--data", tmp_path / "posts.tsv", "--requests", "100", "--rounds", "2"),
        *("--rows", "3", "--clients", "grpc,rest", "--output", tmp_path / "out"),
    ]
    assert run(*arguments) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out.splitlines()[-1])
    assert [(row["client"], row["okay"], row["failed"], row["rounds"]) for row in result["rows"]] == [
        ("grpc", 100, 0, 2),
        ("rest", 100, 0, 2),
    ]
    for row in result["rows"]:
        assert row["rate"] * row["elapsed"] == pytest.approx(100)
        assert 0 < row["p50"] <= row["p99"] <= row["max"]
        assert row["server_processor"] > 0
        assert row["peak_bytes"] > 100_000_000
    assert {limit["client"] for limit in result["limits"]} == {"grpc", "rest"}
    assert "toy → tensorRT: not exported" in printed.err
    table = (tmp_path / "out" / "table.md").read_text(encoding="utf-8")
    assert "| Elap Time | Data Trans | Resp Time | Trans Rate | Throughput | Concurrent | OKAY | Failed |" in table
    assert (tmp_path / "out" / "plot.png").read_bytes().startswith(b"\x89PNG")

    assert run(*arguments) == 0
    printed = capsys.readouterr()
    assert "6 of 6 turns are already finished" in printed.err
    assert "starting a server" not in printed.err
    assert json.loads(printed.out.splitlines()[-1])["rows"] == result["rows"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "must have either exports"),
        (["--export", "a=b", "--target", "grpc=x"], "must have either exports"),
        (["--export", "a=nowhere"], "a must be an export"),
        (["--model", "m", "--target", "grpc=127.0.0.1:1"], "--model must be alone"),
        (["--model", "nowhere"], "No such folder: nowhere"),
        (["--target", "grpc=127.0.0.1:1", "--concurrency", "0"], "--concurrency must be at least 1"),
        (["--target", "grpc=127.0.0.1:1", "--clients", "wget"], "'wget' is not one of grpc, rest, siege"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_made(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert run("serve", *options, "--output", tmp_path / "out") == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_answer_is_one_line(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--target", "rest=http://127.0.0.1:1", "--clients", "rest", "--requests", "4", "--rounds", "1"]
    assert run("serve", *options, "--output", tmp_path / "out") == 1
    assert "a server must answer; found running server, rest × 2, round 1: failed" in capsys.readouterr().err


def test_requests_hold_the_posts_in_turn() -> None:
    assert requests.batches(["a", "b", "c"], 2) == [["a", "b"], ["c", "a"]]
    assert requests.batches(["a"], 3) == [["a", "a", "a"]]
    assert len(requests.batches(["a"] * 2000, 2)) == requests.MOST


def test_ids_are_as_long_as_the_texts_and_padded() -> None:
    inputs = requests.inputs_of("ids", ["好吃", "很", "長" * 50], 16)
    assert inputs["input_mask"].sum(axis=1).tolist() == [4, 3, 16]
    assert {name: (value.shape, value.dtype) for name, value in inputs.items()} == dict.fromkeys(
        ("input_ids", "input_mask", "segment_ids"), ((3, 16), np.dtype("int32"))
    )
    body = json.loads(requests.rest_body("ids", inputs))
    assert body["signature_name"] == "serving_default"
    assert body["inputs"]["input_ids"][1] == [1, 1, 1] + [0] * 13


def test_asked_in_the_older_way_every_row_is_as_long_as_the_longest_may_be() -> None:
    plain, padded = (requests.inputs_of("ids", ["好吃", "很"], 16, padded=padded) for padded in (False, True))
    assert plain["input_ids"].shape == (2, 4) and padded["input_ids"].shape == (2, 16)
    assert padded["input_mask"].sum(axis=1).tolist() == [4, 3]


def test_each_server_gets_the_requests_of_its_way(tmp_path: Path) -> None:
    load = LoadTest(Asked("text", 1, 16, 0.0, "stable", "sentiment"), ["好吃"], tmp_path, {"older"})
    plain, padded = (json.loads(load.requests("rest", padded=padded)[0]) for padded in (False, True))
    assert plain["instances"] == ["好吃"]
    assert len(padded["inputs"]["input_ids"][0]) == 16 and padded["signature_name"] == "serving_default"


@pytest.mark.slow
@pytest.mark.parametrize("there", [False, pytest.param(True, marks=needs_tools)])
def test_a_model_is_served_beside_the_older_way_and_a_pipeline(
    run: Callable[..., int], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    if not there:
        monkeypatch.setattr(tools, "PYTHON", tmp_path / "nowhere")
    posts = [post for name in ("train.tsv", "test.tsv") for post in read_posts(data / name, Labels())]
    pieces = vocabulary.build(post.text for post in posts)
    write_ours(tmp_path / "model", begin(Shape(1, 16, 10), pieces, Labels(), 16, seed=1))
    arguments = ["--model", tmp_path / "model", "--data", data / "test.tsv", "--clients", "rest", "--concurrency", "4"]
    assert run("serve", *arguments, "--requests", "20", "--rounds", "2", "--output", tmp_path / "out") == 0
    result = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    in_8_bits = ["ours, in 8 bits"] if this_processor().int8 else []
    names = ["ours", "the older way", *in_8_bits, *(["Ray Serve", "FastAPI + pipeline"] if there else [])]
    assert [(row["target"], row["okay"], row["failed"]) for row in result["rows"]] == [(name, 20, 0) for name in names]
    measured = [row for row in result["rows"] if row["target"] != "Ray Serve"]  # of several processes
    assert all(row["server_processor"] > 0 and row["peak_bytes"] > 100_000_000 for row in measured)
    assert [ratio["case"]["target"] for ratio in result["ratios"]] == names[1:]
    assert any("natively" in note for note in result["notes"])
    assert any("make bench-tools" in note for note in result["notes"]) is not there
    assert not (tmp_path / "out" / "work").exists()


@pytest.mark.parametrize(
    ("addresses", "token", "why"),
    [
        ((), "t", ""),  # servers of the load test's own want no token
        ((("rest", "http://h:1"),), "", ""),
        ((("rest", "http://h:1"),), "t", "would show SENTIMENT_SERVING_TOKEN"),
        ((("rest", "https://h:1"),), "", "verifies no certificate"),
    ],
)
def test_siege_asks_no_server_that_it_would_harm(
    tmp_path: Path, addresses: tuple[tuple[str, str], ...], token: str, why: str
) -> None:
    settings = Settings(home=tmp_path, serving_token=token)
    target = Target("x", addresses=addresses) if addresses else Target("x", tmp_path)
    assert why in why_no_siege("siege 4", [target], settings)
    assert bool(why_no_siege("siege 4", [target], settings)) is bool(why)
    assert "not installed" in why_no_siege(None, [target], settings)
