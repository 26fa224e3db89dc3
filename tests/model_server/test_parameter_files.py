"""BatchingParameters and MonitoringConfig, as flags name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.errors import InputError
from sentiment.model_server.parameter_files import Batching, read_batching, read_metrics_path


def written(folder: Path, text: str) -> Path:
    file = folder / "parameters"
    file.write_text(text, encoding="utf-8")
    return file


def test_batching_parameters(tmp_path: Path) -> None:
    text = """max_batch_size { value: 64 } batch_timeout_micros { value: 0 } max_enqueued_batches { value: 5 }
        num_batch_threads { value: 3 } thread_pool_name { value: "ours" } allowed_batch_sizes: [1, 8]
        pad_variable_length_inputs: true enable_large_batch_splitting { value: true }
        max_execution_batch_size { value: 8 }"""
    assert read_batching(written(tmp_path, text)) == Batching(64, 0, 5, 3, (1, 8), True, True, 8)


def test_without_a_file_or_a_field_the_real_server_s_defaults_hold(tmp_path: Path) -> None:
    limits = Batching(max_batch_size=1000, batch_timeout_micros=0, max_enqueued_batches=10)
    assert read_batching(None) == read_batching(written(tmp_path, "")) == limits


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_batch_size: 4", "BatchingParameters text proto"),
        ("no_such_field: 1", 'no field named "no_such_field"'),
        ("max_batch_size { value: 0 }", "must be at least 1"),
        ("batch_timeout_micros { value: -1 }", "must not be negative"),
        ("max_batch_size { value: 4 } allowed_batch_sizes: [1, 2]", "must increase and end with 4"),
        ("max_batch_size { value: 4 } allowed_batch_sizes: [2, 1, 4]", "must increase"),
        ("max_batch_size { value: 4 } max_execution_batch_size { value: 8 }", "at most max_batch_size"),
    ],
)
def test_parameters_that_the_real_server_would_not_take_are_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        read_batching(written(tmp_path, text))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", None),
        ("prometheus_config { enable: false }", None),
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        ('prometheus_config { enable: true path: "/here" }', "/here"),
    ],
)
def test_monitoring_config(tmp_path: Path, text: str, path: str | None) -> None:
    assert read_metrics_path(written(tmp_path, text)) == path


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere must be a MonitoringConfig text proto"):
        read_metrics_path(tmp_path / "nowhere")
