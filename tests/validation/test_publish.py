"""An export that somebody names is asked what it might do before it is published, as `validate` asks it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.hostile_encoders import changed

from sentiment.cli import run
from sentiment.validation import operations


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


def test_a_link_is_not_followed_to_be_looked_over(exported: Path, model: Path, home: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(exported, tmp_path / "copy"))
    (copy / "more").symlink_to("/etc/passwd")
    assert run(["publish", "--export", str(copy), "--model", str(model)]) == 2
    assert published(home) == []
