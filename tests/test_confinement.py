"""Where a process that computes a stranger's encoder may still write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sentiment import confinement, landlock

CHILD = """
import os, sys
from pathlib import Path
import click
from sentiment.model.encoder_process import PARENT, computing

@click.command()
@click.option("--output", type=click.Path(path_type=Path))
@click.option("--result", "result_file", type=click.Path(path_type=Path))
@click.option("--data")
@click.argument("tried", nargs=-1, type=click.Path(path_type=Path))
def verb(output, result_file, data, tried):
    os.environ[PARENT] = str(os.getppid())
    with computing("a stranger's"):
        for path in (output, result_file, *tried):
            try:
                path.write_text("a")
            except PermissionError:
                print(path)
verb()
"""
needs_landlock = pytest.mark.skipif(
    landlock.version() < landlock.FIRST_WITH_RENAMES, reason="this kernel has no Landlock, or keeps it from processes"
)
ALLOWED = ["home/runs/a", "home/serving/a", "home/datasets/a", "home/scores/a", "temporary/a", "person/.cache/a"]
ALLOWED += ["new/er/beside", "disk/beside", "cache/a"]
DENIED = ["home/code.py", "home/.env", "person/.bashrc", "data/posts.tsv", "a", "home/datasets/inbox/root/a"]


@needs_landlock
def test_a_strangers_encoder_writes_the_homes_data_and_the_outputs_alone(tmp_path: Path) -> None:
    for name in ("home", "temporary", "person/.cache", "out", "data", "disk"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "home/datasets/inbox").mkdir(parents=True)  # a stranger's links: to all, and to themselves
    (tmp_path / "home/datasets/inbox/root").symlink_to(tmp_path)
    (tmp_path / "home/datasets/inbox/round").symlink_to("round")
    (tmp_path / "out/link").symlink_to(tmp_path / "disk/linked")
    places = {"SENTIMENT_HOME": "home", "HOME": "person", "TMPDIR": "temporary", "TFHUB_CACHE_DIR": "cache"}
    environment = {**os.environ, **{name: str(tmp_path / path) for name, path in places.items()}}
    tried = [str(tmp_path / name) for name in (*ALLOWED, *DENIED)]
    outputs = ["--output", str(tmp_path / "out/link"), "--result", str(tmp_path / "new/er/result.json")]
    command = [sys.executable, "-c", CHILD, *outputs, "--data", str(tmp_path / "data/a")]
    done = subprocess.run(
        [*command, *tried], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [str(tmp_path / name) for name in DENIED]
    assert [(tmp_path / name).read_text(encoding="utf-8") for name in ("disk/linked", "new/er/result.json")] == [
        "a",
        "a",
    ]


@pytest.mark.parametrize("found", [None, OSError(1, "Operation not permitted")])
def test_a_kernel_that_cannot_is_said(
    found: OSError | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> bool:
        if found:
            raise found
        return False

    monkeypatch.setattr(landlock, "leave_only", refuse)
    confinement.alone([])
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "the kernel does not confine this process to its own files" in said
    assert ("Operation not permitted" if found else "no Landlock") in said
