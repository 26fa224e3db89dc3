"""Exports that went wrong, loaded beside a good one in a real server, and what is said of each."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.own_seconds import of_process

from sentiment.data.tsv import Post
from sentiment.export import warmup
from sentiment.export.parity import SAME, Reference
from sentiment.model.folder import open_model
from sentiment.validation import timing
from sentiment.validation.asking import Version, connected
from sentiment.validation.examination import Examination
from sentiment.validation.questions import Questions, posts_to_ask
from sentiment.validation.throwaway import ThrowawayServer

pytestmark = pytest.mark.slow  # together they take half a minute

LABELS = ["正面", "負面", "中立"]
numbers = itertools.count(2)
Examine = Callable[[Path], Examination]


@pytest.fixture(scope="module")
def reference(model: Path, posts: list[Post]) -> Reference:
    opened = open_model(model)
    return Reference(opened, posts_to_ask(posts, opened))


@pytest.fixture
def examine(server: ThrowawayServer, reference: Reference) -> Iterator[Examine]:
    """A function that has the server load an export as its next version, and examines that."""
    with connected(server) as channel:

        def run(export: Path) -> Examination:
            number = next(numbers)
            server.add(number, export)
            questions = Questions(reference, (1, 4))
            examination = Examination(Version(server, number, channel), reference, questions, LABELS, SAME)
            examination.run()
            return examination

        yield run


def failures(examination: Examination) -> dict[str, str]:
    return {check.name: check.sentence for check in examination.checks if not check.passed}


def test_a_good_export_passes_everything(examine: Examine, exported: Path) -> None:
    examination = examine(exported)
    assert failures(examination) == {}
    assert [check.name for check in examination.checks] == [
        "signatures",
        "probabilities",
        "parity of serving_default",
        "parity of text",
        "labels",
        "parity of titled",
        "alone",
        "REST",
        "strange texts",
    ]
    assert examination.parity and examination.parity.labels_equal and examination.parity.largest_difference < 1e-5
    shapes = {(latency.signature, latency.batch, latency.length) for latency in examination.latencies}
    assert shapes == set(itertools.product(["serving_default", "text", "titled"], [1, 4], [16, 32]))
    assert set(examination.first_request_ms["cold"]) == {"serving_default", "text", "titled"}


@pytest.mark.parametrize("missing", ["text", "titled"])
def test_a_missing_signature_is_named_and_nothing_else_is_asked(
    examine: Examine, saved_after: Callable[..., Path], missing: str
) -> None:
    others = [name for name in ("serving_default", "text", "titled") if name != missing]
    examination = examine(saved_after(keep=tuple(others)))
    assert failures(examination) == {"signatures": f"it has no signature '{missing}', only {', '.join(others)}"}
    assert len(examination.checks) == 1


def test_labels_in_another_order_are_noticed(examine: Examine, saved_after: Callable[..., Path]) -> None:
    def turn(served: Any) -> None:
        served.names = ["負面", "正面", "中立"]

    found = failures(examine(saved_after(turn)))
    assert list(found) == ["labels"]
    assert found["labels"].startswith("label ") and " must be called " in found["labels"]


def test_the_weights_of_another_model_are_noticed(examine: Examine, saved_after: Callable[..., Path]) -> None:
    def spoil(served: Any) -> None:
        for number, weights in enumerate(served.parameters):
            weights.assign(weights * (-1.5 if number % 2 else 1.2))

    found = failures(examine(saved_after(spoil)))
    assert {"parity of serving_default", "parity of text"} <= set(found)
    assert "from the trained model's in" in found["parity of text"] and "first: 「" in found["parity of text"]


def test_an_output_of_another_type_is_noticed(
    examine: Examine, saved_after: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentiment.export.graph import ServedModel
    from sentiment.tensorflow_setup import tf

    texts = ServedModel.classify_texts

    def with_long_ids(self: Any, text: Any) -> dict[str, Any]:
        answer = texts(self, text)
        return {**answer, "label_id": tf.cast(answer["label_id"], tf.int64)}

    monkeypatch.setattr(ServedModel, "classify_texts", with_long_ids)
    found = failures(examine(saved_after()))
    assert found == {"signatures": "label_id of the outputs of 'text' must be int32 [any]; found int64 [any]"}


def test_one_that_fails_on_a_request_says_what_the_server_said(
    examine: Examine, saved_after: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentiment.export.graph import ServedModel
    from sentiment.tensorflow_setup import tf

    texts = ServedModel.classify_texts

    def no_long_texts(self: Any, text: Any) -> dict[str, Any]:
        checked = tf.debugging.assert_less(tf.strings.length(text), 15_000, message="too long for me")
        with tf.control_dependencies([checked]):
            return dict(texts(self, tf.identity(text)))

    monkeypatch.setattr(ServedModel, "classify_texts", no_long_texts)
    found = failures(examine(saved_after()))
    assert list(found) == ["answers"]
    assert found["answers"].startswith("it must answer every request; the server answered INVALID_ARGUMENT")


@pytest.mark.slow
def test_warm_up_makes_the_first_request_quick_and_a_bad_file_is_refused_and_removed(
    server: ThrowawayServer, examine: Examine, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the server computes, not how long it takes: others may have the processors at that moment.
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=of_process(server.pid)))
    examination = examine(copy)
    requests = examination.warm_up_requests()
    assert len(requests) == 3 * 2 * 2
    warm_copy = Path(shutil.copytree(copy, tmp_path / "warm"))
    warmup.write(warm_copy, requests)
    with connected(server) as channel:
        assert examination.load_warm(server, warm_copy, Version(server, next(numbers), channel))
        first = examination.first_request_ms
        assert first["warm"]["text"] < first["cold"]["text"]
        requests[0].model_spec.signature_name = "no such signature"
        warmup.write(copy, requests)
        assert examination.load_warm(server, copy, Version(server, next(numbers), channel)) is None
    assert "it does not load with its warm-up file: " in failures(examination)["warm-up"]
    assert not (copy / warmup.FILE).exists()
