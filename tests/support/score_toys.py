"""Run in the trainer's environment, as the steps' command of a home whose versions 1 and 2 are toys; 2 is stable.

python score_toys.py make HOME     makes the home
python score_toys.py VERB …        is `sentiment VERB …`; if there is a file HOME/kill, the next `score` kills itself
                                   at its second shard
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests")]

from sentiment import cli  # noqa: E402
from sentiment.data.tsv import write_posts  # noqa: E402
from sentiment.model import encoder  # noqa: E402
from sentiment.scoring.ledger import Ledger  # noqa: E402
from sentiment.settings import Settings  # noqa: E402
from support.small_homes import release  # noqa: E402
from support.toy_model import POSTS, TOY  # noqa: E402

encoder.SCRATCH[TOY] = (1, 16, 2)


def make(home: Path) -> None:
    """Trains two toys, the first of which learns less, and makes both stable, one after the other."""
    settings = Settings(home=home, serving_urls="")
    for version, epochs in ((1, 1), (2, 12)):
        release(settings, version, trained(home / "toys" / str(version), epochs))


def trained(folder: Path, epochs: int) -> Path:
    from sentiment.labels import Labels
    from sentiment.training.hyperparameters import choose
    from sentiment.training.train import train
    from sentiment.training.training_files import Files

    folder.mkdir(parents=True)
    train_file, test_file = folder / "train.tsv", folder / "test.tsv"
    write_posts(train_file, POSTS)
    write_posts(test_file, POSTS[::3])
    files = Files(train_file, test_file, folder / "model")
    train(
        files, choose("custom", TOY, num_epochs=epochs, learning_rate=0.01, batch_size=8, max_seq_length=16), Labels()
    )
    return files.output


def killed_once() -> None:
    flag, add = Path(os.environ["SENTIMENT_HOME"]) / "kill", Ledger.add
    calls: list[Any] = []

    def adding(ledger: Ledger, shard: Any) -> None:
        calls.append(shard)
        if len(calls) > 1:
            flag.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        add(ledger, shard)

    if flag.exists():
        setattr(Ledger, "add", adding)  # noqa: B010 - mypy takes no method for another


if sys.argv[1] == "make":
    make(Path(sys.argv[2]))
else:
    killed_once()
    sys.exit(cli.run(sys.argv[1:]))
