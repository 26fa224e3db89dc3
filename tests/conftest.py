"""What every test starts from: none of the caller's settings, no model hub, no noise."""

from __future__ import annotations

import os

for name in [name for name in os.environ if name.startswith("SENTIMENT_") and name != "SENTIMENT_CONFORMANCE_TARGET"]:
    del os.environ[name]
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# A pretraining would choose it by the processor, for the whole process: other trainings must come to the same numbers.
os.environ["ONEDNN_DEFAULT_FPMATH_MODE"] = "STRICT"

from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402
from support.in_memory import disk  # noqa: E402, F401
from support.toy_model import toy_encoder, toy_files, toy_model, toy_result  # noqa: E402, F401
from support.toy_servers import toys  # noqa: E402, F401

# A change is judged by the same examples wherever it is; `make search` looks for new ones. Never by the clock.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile("same")
POSITIONS = 64  # of a toy: with the 512 of a BERT its export has twice the lengths, and takes twice as long


@pytest.fixture(autouse=True)
def salt(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The secret of every home that a test makes in this process: its texts come to the same sides each time."""
    monkeypatch.setattr("sentiment.data.ledger_schema.new_salt", lambda: b"the salt of tests")
    return b"the salt of tests"


@pytest.fixture(scope="session")
def train_toy(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Any]], Path]:
    """A function that trains a toy model with 64 positions on posts for one epoch and returns its folder."""

    def make(posts: list[Any]) -> Path:
        from sentiment.data.tsv import write_posts
        from sentiment.labels import Labels
        from sentiment.model import encoder
        from sentiment.training.hyperparameters import choose
        from sentiment.training.train import train
        from sentiment.training.training_files import Files

        folder = tmp_path_factory.mktemp("trained")
        write_posts(folder / "train.tsv", posts)
        options = choose("custom", "scratch/toy", num_epochs=1, max_seq_length=32, validation_share=0.0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(encoder.SCRATCH, "scratch/toy", (1, 16, 2))
            patch.setattr(encoder, "LONGEST_SEQUENCE", POSITIONS)
            train(Files(folder / "train.tsv", None, folder / "model"), options, Labels())
        return folder / "model"

    return make
