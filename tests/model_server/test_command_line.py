"""The flags: the real server's names, in both spellings, and production's own where a home is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from sentiment.errors import InputError
from sentiment.model_server.command_line import ServeCommand, server_flags, server_options
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
    assert options.batching is not None
    assert options.batching.pad


def test_a_home_is_served_with_its_flags_which_the_command_line_overrides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "serving").mkdir()
    (tmp_path / "serving" / "flags").write_text("--max_num_load_retries=3\n--port=7\n")
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    assert (parse()["max_num_load_retries"], parse()["port"], parse("--port=8")["port"]) == (3, 7, 8)
    assert parse(CONFIG)["max_num_load_retries"] == 0, "a named configuration is served as the real server would"


def test_a_flag_that_nobody_knows_is_refused() -> None:
    with pytest.raises(click.NoSuchOption, match="no_such_flag"):
        parse(CONFIG, "--no_such_flag=1")


def test_parameters_are_read_only_where_batching_is_enabled(tmp_path: Path) -> None:
    file = tmp_path / "batching"
    file.write_text("nonsense")
    named = f"--batching_parameters_file={file}"
    assert server_options(Path("/x"), parse(CONFIG, named)).batching is None
    with pytest.raises(InputError, match="must be a BatchingParameters text proto"):
        server_options(Path("/x"), parse(CONFIG, named, "--enable_batching"))
