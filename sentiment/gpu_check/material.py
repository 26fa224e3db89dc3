"""Made-up posts to train on: the check needs no data of anybody, and a model learns these in a few epochs."""

from __future__ import annotations

import random
from pathlib import Path

from sentiment.data.tsv import Post, write_posts

TRAINED_ON, TESTED_ON = 600, 120
FIRST_WORD = 0x4E00  # of the CJK ideographs
FILLING = "這家店我昨天跟朋友去過還有他們的菜和飲料都在那裡"
LONGEST = 40  # characters on one side of the word


def made_up(rows: int, labels: int, seed: int) -> list[Post]:
    """Returns posts of all labels in turn; each holds one of the eight characters that belong to its label."""
    draw = random.Random(seed)

    def filling() -> str:
        return "".join(draw.choices(FILLING, k=draw.randrange(LONGEST)))

    return [
        Post(f"{filling()}{chr(FIRST_WORD + 8 * (row % labels) + draw.randrange(8))}{filling()}", row % labels)
        for row in range(rows)
    ]


def lay_out(folder: Path, labels: int) -> None:
    """Writes train.tsv and test.tsv into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_posts(folder / "train.tsv", made_up(TRAINED_ON, labels, 1))
    write_posts(folder / "test.tsv", made_up(TESTED_ON, labels, 2))
