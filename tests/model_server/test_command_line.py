"""The flags: the real server's names, in both spellings, and production's own where a home is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from sentiment.errors import InputError
from sentiment.model_server.command_line import ServeCommand, server_flags, server_options
from sentiment.model_server.real_flags import DEFAULTS
from sentiment.serving.flags import read_flags
from sentiment.settings import CHECKOUT


@click.command("flags", cls=ServeCommand)
@server_flags
def parsed(**flags: Any) -> dict[str, Any]:
    return flags


def parse(*arguments: str) -> dict[str, Any]:
    flags: dict[str, Any] = parsed.main(list(arguments), standalone_mode=False)
    return flags


CONFIG = "--model_config_file=/x"


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["--rest_api_port=9"], "rest_api_port", 9),
        (["--rest-api-port", "9"], "rest_api_port", 9),
        (["--enable_batching=true"], "enable_batching", True),
        (["--enable_batching=false"], "enable_batching", False),
        (["--enable_batching"], "enable_batching", True),
        (["--enable_batching", "--port=1"], "enable_batching", True),
        (["--load_retry_interval_micros=1000000"], "load_retry_interval_micros", 1_000_000),
        ([], "allow_version_labels_for_unavailable_models", False),
    ],
)
def test_either_spelling_is_understood(arguments: list[str], name: str, value: object) -> None:
    assert parse(CONFIG, *arguments)[name] == value


def test_production_s_flags_start_this_server_too() -> None:
    flags = parse(CONFIG, *read_flags(CHECKOUT / "serving" / "flags"))
    options = server_options(Path("/x"), flags)
    assert (options.allow_labels_for_unavailable, options.metrics_path) == (True, "/monitoring/prometheus/metrics")
    assert options.batching is None
    assert options.grpc_health


def test_the_health_service_is_off_by_default() -> None:
    assert not server_options(Path("/x"), parse(CONFIG)).grpc_health


def test_a_home_is_served_with_its_flags_which_the_command_line_overrides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "serving").mkdir()
    (tmp_path / "serving" / "flags").write_text("--max_num_load_retries=3\n--port=7\n")
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    assert (parse()["max_num_load_retries"], parse()["port"], parse("--port=8")["port"]) == (3, 7, 8)
    assert parse(CONFIG)["max_num_load_retries"] == 5, "a named configuration is served as the real server would"


def test_flags_have_the_real_server_s_types_and_defaults() -> None:
    """main.cc:main, server.h:Server::Options; ours listens on a REST port, and on this machine alone."""
    ours = parse(CONFIG)
    shared = ours.keys() & DEFAULTS.keys() - {"model_config_file", "rest_api_port"}
    assert len(shared) == 19
    assert {name: "" if ours[name] is None else ours[name] for name in shared} == {n: DEFAULTS[n] for n in shared}


@pytest.mark.parametrize(
    "wrong",
    [
        *("--model_config_file_poll_wait_seconds=0.5", "--port=x", "--num_load_threads=3000000000"),
        *("--enable_profiler=maybe", "--per_process_gpu_memory_fraction=much", "--num_tflite_pools=1.5"),
    ],
)
def test_a_value_of_another_type_ends_it_as_it_ends_the_real_server(wrong: str) -> None:
    with pytest.raises(click.UsageError, match=wrong.partition("=")[2]):
        parse(CONFIG, wrong)


def test_what_it_does_not_have_has_no_effect_and_a_flag_that_nobody_knows_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """main.cc:main prints an unknown argument and goes on."""
    flags = parse(CONFIG, "--no_such_flag=1", "--enable_profiler=false", "nonsense", "--port=7")
    assert (flags["port"], "no_such_flag" in flags) == (7, False)
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "unknown argument, as for TensorFlow Serving: --no_such_flag=1 nonsense",
        "without effect here: --enable_profiler=false",
    ]


def test_parameters_without_batching_are_refused_and_with_it_they_are_read(tmp_path: Path) -> None:
    """server.cc:BuildAndStart."""
    file = tmp_path / "batching"
    file.write_text("nonsense")
    named = f"--batching_parameters_file={file}"
    with pytest.raises(InputError, match="must come with --enable_batching=true"):
        server_options(Path("/x"), parse(CONFIG, named))
    with pytest.raises(InputError, match="must be a BatchingParameters text proto"):
        server_options(Path("/x"), parse(CONFIG, named, "--enable_batching"))
