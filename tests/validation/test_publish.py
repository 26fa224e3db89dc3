"""An export that somebody names is asked what it might do before it is published, as `validate` asks it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.hostile_encoders import changed

from sentiment import processes
from sentiment.cli import run
from sentiment.errors import InputError
from sentiment.model_server import servable
from sentiment.validation import loading, operations


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def published(home: Path) -> list[str]:
    versions = home / "serving/models/sentiment"
    return sorted(path.name for path in versions.iterdir()) if versions.is_dir() else []


def writes_a_file(meta: Any) -> None:
    meta.graph_def.node.add(name="writes", op="WriteFile").input.extend(["path", "text"])


def calls_python(meta: Any) -> None:
    made = meta.graph_def.library.function.add()
    made.signature.name = "calls"
    made.node_def.add(name="python", op="EagerPyFunc")


def serializes_an_engine(meta: Any) -> None:
    """It writes any file, and the -gpu image has it."""
    meta.graph_def.node.add(name="writes", op="SerializeTRTResource")


@pytest.mark.parametrize(
    ("change", "operation"),
    [(writes_a_file, "WriteFile"), (calls_python, "EagerPyFunc"), (serializes_an_engine, "SerializeTRTResource")],
)
def test_an_export_that_may_do_more_than_compute_is_refused_in_one_line(
    change: Callable[[Any], None],
    operation: str,
    exported: Path,
    model: Path,
    home: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    hostile = changed(exported, tmp_path / "hostile", change)
    capfd.readouterr()
    assert run(["publish", "--export", str(hostile), "--model", str(model)]) == 2
    said = capfd.readouterr()
    assert f"an export must only compute to be published; found the operation {operation} in {hostile}" in said.err
    assert (said.err.count("\n"), said.out) == (1, "") and published(home) == []


@pytest.mark.slow
def test_exports_that_compute_are_published(
    exported: Path, saved_after: Callable[..., Path], model: Path, home: Path
) -> None:
    """Those of today, and those that answer each request alone, as the older tool's and TensorRT's do."""
    for number, export in enumerate((exported, saved_after()), 1):
        assert run(["publish", "--export", str(export), "--model", str(model)]) == 0
        assert published(home) == [str(one) for one in range(1, number + 1)]


def test_an_operation_that_is_only_not_linked_is_no_danger(
    exported: Path, model: Path, home: Path, tmp_path: Path
) -> None:
    """`validate` says of it that the server does not link it; it touches nothing."""
    newer = changed(exported, tmp_path / "newer", lambda meta: meta.graph_def.node.add(op="TFText>RoundRobinTrim"))
    assert operations.unknown(operations.operations_of(newer)) == ["TFText>RoundRobinTrim"]
    assert run(["publish", "--export", str(newer), "--model", str(model)]) == 0
    assert published(home) == ["1"]


def ends_its_server(folder: Path) -> Path:
    """Saves an export with a tensor of 2**66 elements, in a branch of a function that is called in one.

    Nothing that a look at the graph reads says so: TensorFlow finds it where it puts the graph in order, and aborts.
    """
    from sentiment.tensorflow_setup import tf

    @tf.function(input_signature=[tf.TensorSpec((2,), tf.int64)], autograph=False)
    def filled(dims: Any) -> Any:
        return tf.reduce_sum(tf.raw_ops.Fill(dims=dims, value=1.0))

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int32)], autograph=False)
    def answer(ids: Any) -> Any:
        huge = lambda: filled(tf.constant([2**33, 2**33], tf.int64))  # noqa: E731
        return {"answer": tf.cond(tf.reduce_any(ids == 13), huge, lambda: 0.0)}

    made = tf.Module()
    made.answer = answer
    tf.saved_model.save(made, str(folder), signatures={"serving_default": answer})
    return folder


def test_an_export_that_ends_a_process_is_refused_in_one_line(
    model: Path, home: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """As a version it would end the model server, and every model in it, before that answers anything."""
    export = ends_its_server(tmp_path / "export")
    capfd.readouterr()
    assert run(["publish", "--export", str(export), "--model", str(model)]) == 2
    said = capfd.readouterr()
    assert f"must survive that; found killed by SIGABRT, of {export}. Do not serve it." in said.err
    assert (said.err.count("\n"), said.out) == (1, "") and published(home) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import time; time.sleep(60)", "found no end in 0.1 seconds"),
        ("raise SystemExit(3)", "found exit code 3, of export"),
        ("import os; os.kill(os.getpid(), 9)", "found killed by SIGKILL (out of memory?), of export"),
    ],
)
def test_whatever_else_keeps_an_export_from_being_asked_is_told(
    code: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "python_module", lambda *_: [sys.executable, "-c", code])
    with pytest.raises(InputError) as raised:
        loading.require_survived(Path("export"), 0.1 if "sleep" in code else 60)
    assert found in str(raised.value)


def test_each_signature_is_asked_for_as_little_as_it_takes(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, list[tuple[int, ...]]] = {}
    answered = servable.Servable.run

    def run(self: Any, signature: str, arrays: Any) -> Any:
        asked[signature] = [array.shape for array in arrays.values()]
        return answered(self, signature, arrays)

    monkeypatch.setattr(servable.Servable, "run", run)
    assert loading.main(exported) == 0
    assert {"serving_default", "text"} <= set(asked)
    assert all(shape[0] == 1 for shapes in asked.values() for shape in shapes)


def test_a_link_is_not_followed_to_be_looked_over(exported: Path, model: Path, home: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(exported, tmp_path / "copy"))
    (copy / "more").symlink_to("/etc/passwd")
    assert run(["publish", "--export", str(copy), "--model", str(model)]) == 2
    assert published(home) == []
