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
@click.option("--data")
@click.argument("tried", nargs=-1, type=click.Path(path_type=Path))
def verb(output, data, tried):
    os.environ[PARENT] = str(os.getppid())
    with computing("a stranger's"):
        for path in (output, *tried):
            try:
                path.write_text("a")
            except PermissionError:
                print(path)
verb()
"""
needs_landlock = pytest.mark.skipif(
    landlock.version() < landlock.FIRST_WITH_RENAMES, reason="this kernel has no Landlock, or keeps it from processes"
)
ALLOWED = ["home/runs/a", "home/serving/a", "home/datasets/linked/a", "temporary/a", "person/.cache/a", "out/beside"]
DENIED = ["home/code.py", "home/.env", "person/.bashrc", "data/posts.tsv", "a"]


@needs_landlock
def test_a_strangers_encoder_writes_the_homes_data_and_the_outputs_alone(tmp_path: Path) -> None:
    for name in ("runs", "serving", "datasets", "encoders", "scores"):
        (tmp_path / "home" / name).mkdir(parents=True)
    for name in ("temporary", "person/.cache", "out", "data", "disk"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "home/datasets/linked").symlink_to(tmp_path / "disk")
    places = {"SENTIMENT_HOME": "home", "HOME": "person", "TMPDIR": "temporary"}
    environment = {**os.environ, **{name: str(tmp_path / path) for name, path in places.items()}}
    tried = [str(tmp_path / name) for name in (*ALLOWED, *DENIED)]
    command = [sys.executable, "-c", CHILD, "--output", str(tmp_path / "out/new"), "--data", str(tmp_path / "data/a")]
    done = subprocess.run(
        [*command, *tried], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [str(tmp_path / name) for name in DENIED]
    assert [(tmp_path / name).read_text(encoding="utf-8") for name in ("out/new", "disk/a")] == ["a", "a"]


def test_an_output_is_made_in_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    assert confinement.nearest(tmp_path / "new/er/model") == tmp_path
    (tmp_path / "elsewhere/in").mkdir(parents=True)
    (tmp_path / "link").symlink_to("elsewhere/in")
    assert confinement.nearest(tmp_path / "link") == tmp_path / "elsewhere"
    assert set(confinement.with_links(tmp_path)) == {tmp_path, tmp_path / "elsewhere/in"}


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
