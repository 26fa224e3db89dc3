"""Which servers are asked, with which flags, and what is said of the formats that are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.bench.load.targets import BATCHINGS, PARAMETERS, exports_of, flags_of, running_target, targets_of
from sentiment.errors import InputError
from sentiment.model_server.parameter_files import read_batching
from sentiment.settings import Settings


def export(folder: Path, *marks: str) -> Path:
    for mark in ("saved_model.pb", *marks):
        file = folder / mark if "/" not in mark else folder.parent / mark
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return folder


def test_every_format_that_can_be_served_has_its_server(tmp_path: Path) -> None:
    made = export(tmp_path / "7", "7-tensorrt/saved_model.pb", "7-tflite/model.tflite")
    targets, lines = targets_of({"bert": made}, BATCHINGS)
    assert [(target.name, target.batching) for target in targets] == [
        ("bert, batching by the server", "session"),
        ("bert, no batching", "off"),
        ("bert → tensorRT, batching by the server", "session"),
        ("bert → tensorRT, no batching", "off"),
    ]
    assert targets[2].folder == tmp_path / "7-tensorrt"
    assert lines == [
        "bert → tflite: not asked: TensorFlow Serving serves it only with --prefer_tflite_model,"
        " the embedded server never"
    ]


def test_an_export_that_batches_itself_is_not_asked_otherwise(tmp_path: Path) -> None:
    made = export(tmp_path / "7")
    (made / "saved_model.pb").write_bytes(b"\x0d BatchFunction \x00")
    assert [(target.name, target.batching) for target in targets_of({"bert": made}, ("graph",))[0]] == [
        ("bert", "graph")
    ]
    targets, lines = targets_of({"bert": made}, ("session",))
    assert targets == [] and lines[0].startswith("bert: not asked: it batches in its graph (`sentiment export --no-b")
    lines = targets_of({"bert": export(tmp_path / "8")}, ("graph",))[1]
    assert lines[0].startswith("bert: not asked: it does not batch in its graph")


def test_what_was_not_made_is_a_line(tmp_path: Path) -> None:
    targets, lines = targets_of({"bert": export(tmp_path / "7")}, ("off",))
    assert [target.name for target in targets] == ["bert"]
    assert lines[0].startswith("bert → tensorRT: not exported: it needs a GPU")
    assert lines[1].startswith("bert → tflite: not exported")


def test_exports_are_named_runs_or_versions(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    mine, run, version = (
        export(folder) for folder in (tmp_path / "mine", settings.runs / "night" / "export", settings.versions / "4")
    )
    found = exports_of(settings, [f"a={mine}"], ["night"], "4")
    assert found == {"a": mine, "night": run, "version 4": version}


@pytest.mark.parametrize(
    ("named", "runs", "version", "message"),
    [
        (["mine"], [], None, "--export must be NAME=FOLDER; found 'mine'"),
        (["=x"], [], None, "--export must be NAME=FOLDER"),
        (["a=nowhere"], [], None, "a must be an export, with a saved_model.pb; found none in nowhere"),
        ([], ["night"], None, "night must be an export"),
        ([], [], "stable", "version stable must be an export"),
    ],
)
def test_what_is_no_export_is_one_line(
    tmp_path: Path, named: list[str], runs: list[str], version: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        exports_of(Settings(home=tmp_path), named, runs, version)


def test_a_running_server_is_named_by_its_addresses() -> None:
    found = running_target("grpc=127.0.0.1:8500, rest=http://127.0.0.1:8501/")
    assert dict(found.addresses) == {"grpc": "127.0.0.1:8500", "rest": "http://127.0.0.1:8501"}
    assert dict(running_target("grpc=h:1").addresses) == {"grpc": "h:1"}
    secure = {"grpc": "grpcs://h:1", "rest": "https://h:2"}
    assert dict(running_target("grpc=grpcs://h:1,rest=https://h:2").addresses) == secure


@pytest.mark.parametrize("text", ["", "127.0.0.1:8500", "grpc=", "rest=127.0.0.1:8501", "http=x"])
def test_other_addresses_are_one_line(text: str) -> None:
    with pytest.raises(InputError, match="--target"):
        running_target(text)


def test_servers_have_productions_flags_and_batching_as_asked(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    (tmp_path / "serving").mkdir()
    flags = ["--num_load_threads=1", "--enable_batching=true", "--batching_parameters_file={serving}/batching.config"]
    (tmp_path / "serving" / "flags").write_text("\n".join(flags) + "\n")
    (server, off), _ = targets_of({"a": export(tmp_path / "7")}, BATCHINGS)
    parameters = tmp_path / "other.config"
    assert flags_of(settings, off, parameters) == ["--num_load_threads=1"]
    expected = [flags[0], flags[1], f"--batching_parameters_file={parameters}"]
    assert flags_of(settings, server, parameters) == expected


def test_the_parameters_of_the_servers_own_batching_are_valid(tmp_path: Path) -> None:
    (tmp_path / "batching.config").write_text(PARAMETERS, encoding="utf-8")
    limits = read_batching(tmp_path / "batching.config")
    assert (limits.max_batch_size, limits.largest_batch, limits.split_large, limits.pad) == (1024, 32, True, True)
