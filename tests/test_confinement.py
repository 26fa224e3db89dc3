"""Where a process that computes a stranger's encoder may still write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sentiment import confinement, landlock

CHILD = """
import json, os, subprocess, sys
from pathlib import Path
import click
from sentiment import atomic
from sentiment.model.encoder_process import PARENT, computing

@click.command()
@click.option("--output", type=click.Path(path_type=Path))
@click.option("--result", "result_file", type=click.Path(path_type=Path))
@click.option("--corpus", multiple=True)
@click.option("--export", type=click.Path(path_type=Path))
def verb(output, result_file, corpus, export):
    os.environ[PARENT] = str(os.getppid())
    with computing("a stranger's"):
        for path in (output, result_file):
            atomic.write_text(path, "a")
        denied = {"write": [], "read": []}
        for name in json.loads(os.environ["TRIED"]):
            for what, way in (("write", lambda path: path.write_bytes(b"a")), ("read", Path.read_bytes)):
                try:
                    way(Path(name))
                except PermissionError:
                    denied[what].append(name)
        assert "null" in os.listdir("/dev")  # a child looks there for the accelerators
        print(json.dumps(denied))
        subprocess.run([sys.executable, "-c", "import sentiment.cli"], check=True)
verb()
"""
needs_landlock = pytest.mark.skipif(
    landlock.version() < landlock.FIRST_WITH_RENAMES, reason="this kernel has no Landlock, or keeps it from processes"
)
OURS = ["home/runs/a", "home/datasets/a", "home/scores/a", "temporary/a", "person/.cache/a"]
OURS += ["new/er/beside", "out/beside", "cache/a", "exports/9/a"]
GIVEN = ["data/posts.tsv", "more/in/posts.tsv", "home/serving/run.sh", "hub/blobs/weights", "moved/1/a", "older/a"]
OTHERS = ["home/code.py", "home/.env", "person/.bashrc", "data/other.tsv", "a", "home/datasets/inbox/all/a"]
OTHERS += ["exports/beside", "disk/linked", "person/.ray/auth_token"]


@needs_landlock
def test_a_strangers_encoder_meets_the_homes_data_and_what_is_named_alone(tmp_path: Path) -> None:
    for name in (
        "home/datasets/inbox",
        "home/serving",
        "hub/blobs",
        "hub/snapshots/1",
        "temporary",
        "person/.cache",
        "person/.ray",
        "exports/9",
        "moved/1",
        "older",
        "out",
        "disk",
        "data",
        "more/in",
    ):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "home/datasets/inbox/all").symlink_to(tmp_path)  # a stranger's links: to all, and to themselves
    (tmp_path / "home/datasets/inbox/round").symlink_to("round")
    for name in (*GIVEN, *OTHERS):
        (tmp_path / name).write_bytes(b"before")
    os.mkfifo(tmp_path / "more/pipe")  # the kernel refuses a rule for one
    (tmp_path / "more/link").symlink_to(tmp_path / "person")
    (tmp_path / "out/link").symlink_to(tmp_path / "disk/linked")
    (tmp_path / "home/serving/trained").symlink_to(tmp_path / "moved")  # of those who keep the home
    (tmp_path / "moved/2").symlink_to(tmp_path / "older")
    places = {"SENTIMENT_HOME": "home", "HOME": "person", "TMPDIR": "temporary", "TFHUB_CACHE_DIR": "cache"}
    environment = {**os.environ, **{name: str(tmp_path / path) for name, path in places.items()}}
    environment["HF_HOME"] = "gs://bucket/folder"  # no folder of this machine
    environment["AWS_SHARED_CREDENTIALS_FILE"] = str(tmp_path / "person/.bashrc")  # no bucket is named
    environment["TRIED"] = json.dumps([*OURS, *GIVEN, *OTHERS])
    outputs = ["--output", "out/link", "--result", str(tmp_path / "new/er/result.json")]
    command = [sys.executable, "-c", CHILD, *outputs, "--corpus", "data/posts.tsv", "--corpus", "more"]
    command += [
        "--export",
        "exports/9",
        "--corpus",
        "hub/snapshots/1",
        "--corpus",
        "~nobody-of-that-name",
        "--corpus",
        "more/pipe",
    ]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"read": OTHERS, "write": [*GIVEN, *OTHERS]}
    written = [tmp_path / "out/link", tmp_path / "new/er/result.json", tmp_path / "disk/linked"]
    assert [path.read_bytes() for path in written] == [b"a", b"a", b"before"]
    assert not (tmp_path / "gs:").exists() and not (tmp_path / "person/.nv").exists()


LINKS = {  # of a stranger's, and the options that would follow it
    "got/report": ("person", ["--output", "got/report"]),
    "home/runs/r": ("person", ["--result", "home/runs/r/result.json"]),
    "home/scores/r": ("../..", ["--result", "home/scores/r/result.json"]),
    "home/datasets/all": ("person", ["--corpus", "home/datasets/all/key"]),
    "got/model/posts.tsv": ("person/key", ["--corpus", "got/model", "--corpus", "got/model/posts.tsv"]),
    "temporary/hub": ("person", ["TFHUB_CACHE_DIR", "temporary/hub"]),
    "temporary/keras": ("person", ["KERAS_HOME", "temporary/keras"]),
    "got/blobs": ("person", ["--corpus", "got/snapshots/1"]),
    "got/export": ("person", ["--export", "got/export"]),
}


@needs_landlock
@pytest.mark.parametrize("name", LINKS)
def test_no_link_of_a_strangers_says_what_may_be_used(name: str, tmp_path: Path) -> None:
    for folder in ("home/runs", "home/scores", "home/datasets", "got/model", "got/snapshots/1", "person", "temporary"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "person/key").write_bytes(b"before")
    leads, options = LINKS[name]
    (tmp_path / name).symlink_to(leads if leads.startswith("..") else tmp_path / leads)
    environment = {**os.environ, "SENTIMENT_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "temporary")}
    environment["HOME"] = str(tmp_path / "nobody")
    environment["TRIED"] = json.dumps(["person/key"])
    if options[0].isupper():
        environment[options[0]], options = str(tmp_path / options[1]), []
    given = {"--output": "out/a", "--result": "out/b"}
    command = [sys.executable, "-c", CHILD, *(word for option in given.items() for word in option), *options]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    if name in ("got/blobs", "got/export"):  # what an option names is no model: it is left alone
        assert json.loads(done.stdout) == {"read": ["person/key"], "write": ["person/key"]}
    else:
        assert done.returncode == 1 and f"found the link {tmp_path / name}, to {tmp_path}" in done.stderr
    assert (tmp_path / "person/key").read_bytes() == b"before"
    assert not (tmp_path / "result.json").exists()


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
