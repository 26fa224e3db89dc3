"""The demo's data: a folder with train.tsv, test.tsv, latest_test.tsv and arrivals/*.tsv."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from sentiment import atomic
from sentiment.data import ledger as posts_ledger
from sentiment.data.posts import read_posts
from sentiment.data.tsv import write_posts
from sentiment.errors import InputError
from sentiment.settings import CHECKOUT, Settings

SAMPLE = CHECKOUT / "datasets" / "old_sentiment"
BASE_FILES = ("train.tsv", "test.tsv", "latest_test.tsv")
FEW_ROWS = 1000  # with fewer frozen rows, a margin of 1 percentage point refuses most equally good models
SHORT_POSTS = 5  # half of the sample's posts are shorter than mixing's default minimum of 20 characters


@dataclass(frozen=True)
class Material:
    """The data of one demo. The last arrival is the poisoned delivery; the ones before it are the good night."""

    folder: Path
    good: tuple[Path, ...]
    bad: Path
    frozen_rows: int

    @classmethod
    def of(cls, folder: Path, settings: Settings) -> Material:
        """Returns the material in `folder`. Raises: InputError when a file is missing."""
        for name in BASE_FILES:
            if not (folder / name).is_file():
                raise InputError(
                    f"a demo's folder must hold {', '.join(BASE_FILES)} and arrivals/*.tsv",
                    found=f"no {folder / name}",
                    do="Add it, or leave out --data to use the sample.",
                )
        arrivals = sorted((folder / "arrivals").glob("*.tsv"))
        if len(arrivals) < 2:
            raise InputError(
                "a demo must have at least two arrivals: a good night, and one to poison",
                found=f"{len(arrivals)} in {folder / 'arrivals'}",
                do="Add .tsv files there.",
            )
        rows = len(read_posts(folder / "test.tsv", settings.label_set))
        return cls(folder, tuple(arrivals[:-1]), arrivals[-1], rows)

    @property
    def comes_poisoned(self) -> bool:
        """Tells whether the last arrival's labels are already wrong (its name says so); if not, the demo turns them."""
        return "poisoned" in self.bad.name

    @property
    def thresholds(self) -> dict[str, str]:
        """The settings that suit few test rows; {} when there are enough."""
        if self.frozen_rows >= FEW_ROWS:
            return {}
        return {
            "SENTIMENT_GATE_MARGIN": "0.06",
            "SENTIMENT_GATE_RECALL_DROP": "0.12",
            "SENTIMENT_ROLLING_SHARE": "0.3",  # takes enough rows of one small night to show a difference
        }

    @property
    def form(self) -> dict[str, int]:
        """The values in the retrain form that suit the data."""
        return {"minimum_content_length": SHORT_POSTS} if self.thresholds else {}

    def lay_out(self, settings: Settings) -> None:
        """Copies the base data into the demo's home."""
        settings.base_data.mkdir(parents=True)
        for name in BASE_FILES:
            shutil.copyfile(self.folder / name, settings.base_data / name)
        Path(settings.source_folder).mkdir(parents=True)
        with posts_ledger.opened(settings.posts_database) as ledger, ledger.writing():
            ledger.set_salt(b"demo")  # every demo tests on the same posts

    def deliver_good(self, settings: Settings) -> list[str]:
        """Drops the good night into the inbox; returns the files' names."""
        for path in self.good:
            _drop(path, settings)
        return [path.name for path in self.good]

    def deliver_bad(self, settings: Settings) -> str:
        """Drops the poisoned night into the inbox; returns the file's name."""
        if self.comes_poisoned:
            _drop(self.bad, settings)
            return self.bad.name
        labels = settings.label_set
        turned = [post._replace(label=(post.label + 1) % len(labels)) for post in read_posts(self.bad, labels)]
        name = f"{self.bad.stem}-poisoned.tsv"
        write_posts(Path(settings.source_folder) / name, turned)
        return name


def _drop(path: Path, settings: Settings) -> None:
    """Copies under a temporary name, then renames: an inbox must never show half a file."""
    with atomic.replacing(Path(settings.source_folder) / path.name) as temporary:
        shutil.copyfile(path, temporary)
