from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sentiment.data.tsv import Post, write_posts
from sentiment.training.devices import find_devices


def test_this_machine_has_what_is_found() -> None:
    found = find_devices("cpu")
    assert found.names == ("CPU:0",)
    assert (found.models, found.capabilities, found.strategy.num_replicas_in_sync) == ((), (), 1)
    assert found.describe() == "CPU:0"


# The CPU as two devices; that must be said before TensorFlow's first operation, hence a process of its own.
TWO_DEVICES = """
import json, sys
from pathlib import Path
import numpy as np
from sentiment.model import encoder
encoder.SCRATCH["scratch/toy"] = (1, 16, 2)
from sentiment.tensorflow_setup import tf
from sentiment.labels import Labels
from sentiment.model.folder import open_model
from sentiment.training.hyperparameters import choose
from sentiment.results.record import as_json
from sentiment.training.train import train
from sentiment.training.training_files import Files
halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
folder = Path(sys.argv[1])
def one(precision, devices):
    settings = choose(
        "custom", "scratch/toy", num_epochs=2, batch_size=7, max_seq_length=16, dropout_rate=0.0, masked_share=0.0,
        learning_rate=0.01, clip_norm=0.1, class_weights="balanced", precision=precision,
    )
    output = folder / f"{precision}-{devices}"
    result = as_json(train(Files(folder / "train.tsv", None, output), settings, Labels(), devices=devices))
    return result, [weight.numpy() for weight in open_model(output).keras.weights]
told = {}
for precision in ("float32", "mixed_float16"):
    (alone, single), (shared, double) = one(precision, "1"), one(precision, "2")
    told[precision] = {
        "difference": max(float(np.abs(a - b).max()) for a, b in zip(single, double)),
        "results": [alone, shared],
    }
print(json.dumps(told))
"""


@pytest.mark.slow
def test_two_devices_learn_what_one_does(tmp_path: Path) -> None:
    """Class weights, clipping, batches of 7 rows (an uneven number, and one row in the end), and float16's scaling."""
    words = (("好吃", "很棒"), ("難吃", "很爛", "超差"), ("普通",))
    tails = ("", "！", "的店真的", "喔喔", "啦")
    write_posts(
        tmp_path / "train.tsv", [Post(w + tail, label) for label, ws in enumerate(words) for w in ws for tail in tails]
    )
    command = [sys.executable, "-c", TWO_DEVICES, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["float32"]["difference"] < 1e-5
    assert told["mixed_float16"]["difference"] < 2e-2
    for precision, tried in told.items():
        alone, shared = tried["results"]
        assert (alone["devices"], shared["devices"]) == (["CPU:0"], ["CPU:0", "CPU:1"])
        assert alone["precision"] == shared["precision"] == precision
        for curve in ("loss", "accuracy", "val_loss"):
            assert shared[curve] == pytest.approx(alone[curve], rel=1e-5 if precision == "float32" else 0.05)
