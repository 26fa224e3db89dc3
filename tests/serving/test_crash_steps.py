"""A crash at every single step: the process dies at each change it makes to the file system, in turn."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# It forks for every step, so it must not run in a process that holds TensorFlow's threads.
STORY = '''
import json, os, shutil, sys
from pathlib import Path
from sentiment.digests import sha256_of
from sentiment.serving import models_config, findings, version_folder
from sentiment.serving.change import changing
from sentiment.serving.history import read_state
from sentiment.serving.promote import prune
from sentiment.serving.publish import Candidate, publish
from sentiment.settings import Settings

CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.utime")
DEAD = 137
start, place = Path(sys.argv[1]), Path(sys.argv[2])

def candidate(settings, number):
    run = settings.runs / f"night-{number}"
    if not run.exists():
        (run / "export" / "variables").mkdir(parents=True)
        (run / "export" / "saved_model.pb").write_bytes(b"graph" * 1000)
        (run / "export" / "variables" / "variables.index").write_bytes(bytes([number]) * 1000)
        (run / "model").mkdir()
        (run / "model" / "model.json").write_text(json.dumps({"data": {"rows": number}}))
        (run / "gate.json").write_text(json.dumps({"passed": number}))
    return Candidate(run / "export", run / "model", run.name, {}, pins=True)

def night(settings, number):
    """Publishes and promotes the model of a night, unless that has been done."""
    with changing(settings, "ops") as change:
        version, _ = publish(change, candidate(settings, number))
        if change.state.stable != version:
            if version not in change.state.served:
                change.record("staged", version)
            if change.state.canary != version:
                change.record("canary", version)
            change.record("promoted", version)
        prune(change)
        return version

def dying_at(step, action):
    """Runs `action` in a child that is gone before its change number `step`; returns its exit status."""
    child = os.fork()
    if child == 0:
        left = step
        def count(event, arguments):
            nonlocal left
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if event in CHANGES or writes:
                left -= 1
                if left == 0:
                    os._exit(DEAD)
        sys.addaudithook(count)
        action()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def require_sound(settings):
    state = read_state(settings)
    found = findings.look(settings, state)
    assert (found.mendable(), found.damaged) == ([], {}), found
    assert models_config.read(settings.models_config) == models_config.rendered(state, settings)
    assert models_config.read(settings.boot_config) == models_config.boot(state, settings)
    for number, version in state.versions.items():
        if version.condition != "pruned":
            assert version_folder.change_in(settings, version) == ""
        kept = settings.records / str(number) / "gate.json"
        assert version.records == {"gate.json": sha256_of(kept)} and json.loads(kept.read_text()) == {"passed": number}
    return found

settings = Settings(home=start)
for number in range(1, 7):
    night(settings, number)
step, orphans, stables = 0, 0, set()
while True:
    step += 1
    home = Settings(home=place / str(step))
    shutil.copytree(start, home.home)
    candidate(home, 7)
    status = dying_at(step, lambda: night(home, 7))
    assert status in (0, DEAD), status
    stables.add(read_state(home).stable)  # readable at once, before any repair
    with changing(home, "next") as change:
        pass
    orphans += len(require_sound(home).orphans)
    assert night(home, 7) == 7
    assert require_sound(home).orphans == ()
    assert read_state(home).stable == 7
    assert sorted(p.name for p in home.versions.iterdir()) == ["3", "4", "5", "6", "7"]
    assert sorted(p.name for p in home.trained.iterdir()) == ["3", "4", "5", "6", "7"]
    shutil.rmtree(home.home)
    if status == 0:
        break
print(json.dumps({"steps": step - 1, "orphans": orphans, "stables": sorted(stables)}))
'''


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.py"
    path.write_text(STORY, encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_crash_before_any_change_to_the_disk_is_mended_by_the_next_command(story: Path, disk: Path) -> None:
    command = [sys.executable, str(story), str(disk / "start"), str(disk / "homes")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-3000:]
    told = json.loads(ended.stdout)
    assert told["steps"] > 40
    assert told["stables"] == [6, 7], "customers get the old version or the new one"
    assert told["orphans"] > 0, "a crash between the copy and its event was among them"
    assert "left by an interrupted command" in ended.stderr
