"""Two devices learn what one does, also when they are stopped and go on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

# The CPU as two devices; that must be said before TensorFlow's first operation, hence a process of its own.
TWO_DEVICES = """
import json, sys
from pathlib import Path
from click.testing import CliRunner
from sentiment.model import encoder
encoder.SCRATCH["scratch/tiny"] = (1, 32, 2)
from sentiment.tensorflow_setup import tf
halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
from sentiment.pretraining import fit
from sentiment.pretraining.pretrain import command

folder = Path(sys.argv[1])
GIVEN = "--model-name scratch/tiny --passes 2 --pieces 400 --length 32 --part-tokens 1024 --parts 3 --growing-share 0.5"

def pretrain(name, *more):
    output = ["--corpus", str(folder / "corpus.txt"), "--output", str(folder / name), "--weights", "float32"]
    done = CliRunner().invoke(command, [*output, *GIVEN.split(), *more])
    return done, json.loads(done.stdout.splitlines()[-1]) if done.exit_code == 0 else None

def killed_after(steps, kill_at):
    def killed(self, place):
        for step in steps(self, place):
            if place.steps == kill_at:
                raise KeyboardInterrupt
            yield step
    return killed

told = {}
for name, devices in (("one", "1"), ("two", "2")):
    done, told[name] = pretrain(name, "--devices", devices)
    assert told[name], done.output
told["again"] = pretrain("two", "--devices", "1")[0].stderr
fit.SECONDS_BETWEEN_STATES, steps = 0.0, fit.Course._steps
for name, devices in (("resumed", "2"), ("moved", "1")):
    fit.Course._steps = killed_after(steps, 7)
    assert pretrain(name, "--devices", "2")[1] is None
    fit.Course._steps = steps
    done, told[name] = pretrain(name, "--devices", devices)
    assert told[name], done.output
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder, and what was told of `one`, `two`, the same `again`, `resumed` and `moved`."""
    folder = tmp_path_factory.mktemp("devices")
    food = ("牛肉麵", "滷肉飯", "鹹酥雞", "臭豆腐")
    posts = [f"第{number}家的{food[number % 4]}真的好吃，{number}分" for number in range(600)]
    (folder / "corpus.txt").write_text("\n".join(posts), encoding="utf-8")
    command = [sys.executable, "-c", TWO_DEVICES, str(folder)]
    environment = {**os.environ, "SENTIMENT_HOME": str(folder / "home")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=1500)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder, json.loads(done.stdout.splitlines()[-1])


def weights(folder: Path) -> dict[str, Any]:
    return load_file(folder / "model.safetensors")


@pytest.mark.slow
def test_two_devices_learn_what_one_does(told: tuple[Path, dict[str, Any]]) -> None:
    folder, found = told
    one, two = found["one"], found["two"]
    assert (one["devices"], two["devices"]) == (["CPU:0"], ["CPU:0", "CPU:1"])
    assert one["steps"] == two["steps"] > 10
    assert two["judged"][-1]["loss"] == pytest.approx(one["judged"][-1]["loss"], rel=1e-3)
    assert two["judged"][-1]["loss"] < np.log(one["pieces"]) - 0.2, "it learnt"
    single, double = weights(folder / "one"), weights(folder / "two")
    assert max(float(np.abs(single[name] - double[name]).max()) for name in single) < 1e-3


@pytest.mark.slow
def test_one_that_was_killed_on_two_devices_ends_as_if_it_had_not_been(told: tuple[Path, dict[str, Any]]) -> None:
    folder, found = told
    assert found["resumed"]["resumed"] and found["resumed"]["judged"] == found["two"]["judged"]
    two, resumed = weights(folder / "two"), weights(folder / "resumed")
    assert all((two[name] == resumed[name]).all() for name in two)


@pytest.mark.slow
def test_one_that_was_killed_on_two_devices_goes_on_on_one(told: tuple[Path, dict[str, Any]]) -> None:
    folder, found = told
    assert found["moved"]["resumed"] and found["moved"]["devices"] == ["CPU:0"]
    one, moved = weights(folder / "one"), weights(folder / "moved")
    assert max(float(np.abs(one[name] - moved[name]).max()) for name in one) < 1e-3


@pytest.mark.slow
def test_on_how_many_it_was_made_makes_no_other_encoder(told: tuple[Path, dict[str, Any]]) -> None:
    assert "was already made from these inputs" in told[1]["again"]
