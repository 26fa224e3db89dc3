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
        num_batch_threads { value: 3 } thread_pool_name { value: "ours" } allowed_batch_sizes: [1, 8, 64]
        pad_variable_length_inputs: true enable_large_batch_splitting { value: true }
        max_execution_batch_size { value: 8 }"""
    assert read_batching(written(tmp_path, text)) == Batching(64, 0, 5, 3, (1, 8, 64), True, True, 8)


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
        ("max_batch_size { value: 4 } allowed_batch_sizes: [1, 2]", "must be max_batch_size, 4; found 2, with which"),
        ("allowed_batch_sizes: [1, 2]", "must be max_batch_size, 1000; found 2"),
        ("max_batch_size { value: 4 } allowed_batch_sizes: [2, 1, 4]", "must increase"),
        ("max_batch_size { value: 4 } max_execution_batch_size { value: 8 }", "at most max_batch_size"),
    ],
)
def test_parameters_that_the_real_server_would_not_take_are_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        read_batching(written(tmp_path, text))
    assert "\n" not in str(refused.value)


def test_a_file_that_ends_with_the_rows_of_an_execution_says_which_line_it_lacks(tmp_path: Path) -> None:
    """bundle_factory_util.cc:WrapSessionForBatching compares with max_batch_size, with splitting too."""
    text = """max_batch_size { value: 64 } enable_large_batch_splitting { value: true } allowed_batch_sizes: [1, 8]
        max_execution_batch_size { value: 8 }"""
    with pytest.raises(InputError, match=r"parameters: .* Add a line `allowed_batch_sizes: 64`; max_execution_batch"):
        read_batching(written(tmp_path, text))


@pytest.mark.parametrize(
    ("sizes", "computed", "largest"), [((1, 8, 64), (1, 8), 8), ((1, 4, 64), (1, 4), 4), ((64,), (), 8), ((), (), 8)]
)
def test_no_more_rows_are_computed_together_than_an_execution_may_have(
    sizes: tuple[int, ...], computed: tuple[int, ...], largest: int
) -> None:
    limits = Batching(64, allowed_batch_sizes=sizes, split_large=True, max_execution_batch_size=8)
    assert (limits.computed_sizes, limits.largest_batch) == (computed, largest)


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
