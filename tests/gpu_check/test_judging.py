"""What a command's result must say for its row to pass."""

from __future__ import annotations

from typing import Any

import pytest

from sentiment.gpu_check import judging
from sentiment.gpu_check.judging import Unmet


def trained(**changes: Any) -> dict[str, Any]:
    accuracy = changes.pop("accuracy", 0.9)
    return {
        "devices": ["GPU:0"],
        "precision": "float32",
        "rows_per_second": 1234.4,
        "test": {"accuracy": accuracy, "support": [40, 60]},
        **changes,
    }


def compiled(**parity: Any) -> dict[str, Any]:
    return {
        "device": "GPU:0",
        "parity": {"largest_difference": 0.001, "agreement": 1.0, **parity},
        "plain_ms": 5.0,
        "xla_ms": 2.5,
        "compile_seconds": 7.2,
    }


def test_a_training_that_ran_where_and_as_it_should_passes_with_its_figures() -> None:
    assert judging.training(trained(), "GPU") == "float32, 1,234 rows/s, accuracy 90.0\N{NO-BREAK SPACE}%"
    both = trained(devices=["GPU:0", "GPU:1"], precision="mixed_bfloat16")
    assert judging.training(both, "GPU", devices=2, precision="mixed").startswith("mixed_bfloat16")


@pytest.mark.parametrize(
    ("found", "asked", "told"),
    [
        (trained(devices=["CPU:0"]), {}, "it must train on the GPU; found CPU:0"),
        (trained(), {"devices": 2}, "it must train on 2 devices; found GPU:0"),
        (trained(), {"precision": "mixed"}, "it must train in mixed; found float32"),
        (trained(accuracy=0.6), {}, "it must learn more than 60.0"),
    ],
)
def test_a_training_elsewhere_or_of_nothing_fails(found: dict[str, Any], asked: dict[str, Any], told: str) -> None:
    with pytest.raises(Unmet, match=told):
        judging.training(found, "GPU", **asked)


def test_another_arithmetic_may_cost_little_accuracy() -> None:
    judging.no_worse(trained(accuracy=0.86), trained())
    with pytest.raises(Unmet, match=r"its accuracy must be at least 85\.0"):
        judging.no_worse(trained(accuracy=0.84), trained())


def test_xla_must_compute_on_the_gpu_and_answer_the_same() -> None:
    assert judging.xla(compiled(), "GPU") == "5.0 → 2.5 ms, compiled in 7 s"
    for found, told in (
        ({**compiled(), "device": "CPU:0"}, "XLA must compute on the GPU; found CPU:0"),
        (compiled(largest_difference=0.02), "no probability by more than 0.01; found 0.02"),
        (compiled(largest_difference=float("nan")), "found nan"),
        (compiled(agreement=0.9), "of the labels; found 0.9"),
    ):
        with pytest.raises(Unmet, match=told):
            judging.xla(found, "GPU")


def test_an_export_that_is_not_made_fails_with_its_reason() -> None:
    made = {"made": True, "bytes": 1 << 20, "parity": {"largest_difference": 1e-6, "rows": 90}}
    assert judging.export({"formats": {"tensorrt": made}}, "tensorrt") == "1.0M, differs by 1e-06 in 90 rows"
    with pytest.raises(Unmet, match="the tensorrt export must be made; found TensorRT converted no part"):
        refused = {"made": False, "why": "TensorRT converted no part of the graph"}
        judging.export({"formats": {"tensorrt": refused}}, "tensorrt")


def test_engines_must_have_been_built() -> None:
    found = {"formats": {"tensorrt": {"engines": 2}}}
    assert judging.engines(found, {"a": 1 << 20, "b": 1 << 20}) == "2 engines in the graph, 2.0M built"
    for files, told in (({}, "no engine's file"), ({"a": 5, "b": 0}, "'b'")):
        with pytest.raises(Unmet, match="every engine must have been built in advance; found .*" + told):
            judging.engines(found, files)


def test_a_validation_tells_the_times_of_its_ends() -> None:
    shapes = [{"batch": batch, "length": length, "p50_ms": length / 8} for batch in (32, 1) for length in (16, 128)]
    found = {"passed": True, "sentence": "", "latency": shapes, "peak_memory_bytes": 1 << 30}
    assert judging.served(found) == "1×16 in 2.0 ms, 32×128 in 16.0 ms, 1.0G of memory"
    with pytest.raises(Unmet, match="found it answers otherwise"):
        judging.served({**found, "passed": False, "sentence": "it answers otherwise"})
