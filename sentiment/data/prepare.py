"""`sentiment prepare`: makes a run's batch, training and test files from the base data and the ledger."""

from __future__ import annotations

import hashlib
import random
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from sentiment import atomic
from sentiment.data import ledger as posts_ledger
from sentiment.data.composition import Base, Composition, compose
from sentiment.data.mix import Mixing, Plan, count_labels, mix
from sentiment.data.tsv import Post, read_posts, write_posts
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step


@dataclass(frozen=True)
class Stable:
    """What prepare needs to know of the stable model: its version, its watermark, the model folder it came from."""

    version: int
    watermark: int
    folder: Path


def read_stable(settings: Settings) -> Stable | None:
    """Returns the stable model, None when there is none yet."""
    from sentiment.serving.history import read_state

    state = read_state(settings)
    if state.stable is None:
        return None
    watermark = state.versions[state.stable].data.get("watermark", 0)
    # A model that was trained elsewhere states no watermark: it has seen no delivery.
    return Stable(state.stable, int(watermark or 0), settings.trained / str(state.stable))


def choose_mode(wished: str, stable: Stable | None) -> str:
    """Returns `full` or `warm`; `auto` is warm as soon as there is a stable model to start from."""
    if wished == "warm" and stable is None:
        raise InputError("--mode warm needs a stable model to start from", found="none", do="Use --mode auto or full.")
    return wished if wished != "auto" else ("warm" if stable else "full")


def training_rows(
    composition: Composition, mode: str, labels: Labels, options: Mixing
) -> tuple[list[Post], Plan | None]:
    """Returns the shuffled training rows and, when old rows were mixed in, the plan. InputError on one class only."""
    plan: Plan | None = None
    if mode == "warm":
        rows, plan = mix(composition.old, composition.batch, len(labels), options)
    else:
        rows = composition.old + composition.batch
        random.Random(options.seed).shuffle(rows)
    counts = count_labels(rows, len(labels))
    if sum(count > 0 for count in counts) < 2:
        raise InputError(
            "the training rows must hold at least two classes",
            found=f"{counts} rows of {labels.describe()}",
            do="Deliver posts of other classes too, or mix old ones in with --mix-number.",
        )
    return rows, plan


def prepare(run: RunFolder, settings: Settings, wished_mode: str, options: Mixing) -> Result:
    """Writes the files of `run`; returns what they hold. Safe to run again: the same input gives the same files."""
    labels = settings.label_set
    base_train, base_frozen, base_rolling = (
        read_posts(settings.base_data / name, labels) for name in ("train.tsv", "test.tsv", "latest_test.tsv")
    )
    with posts_ledger.opened(settings.posts_database) as ledger:
        accepted, watermark = ledger.snapshot()
    stable = read_stable(settings)
    mode = choose_mode(wished_mode, stable)
    composition = compose(Base(base_train, base_frozen, base_rolling), accepted, stable.watermark if stable else 0)
    nothing_new = mode == "warm" and not composition.batch
    rows, plan = ([], None) if nothing_new else training_rows(composition, mode, labels, options)
    _write(run, composition, base_frozen, rows)
    warm = stable if mode == "warm" else None
    return {
        "mode": mode,
        "nothing_new": nothing_new,
        "new": {"per_label": count_labels(composition.batch, len(labels)), "rows": len(composition.batch)},
        "mix": asdict(plan) if plan else None,
        "train_rows": len(rows),
        "per_label": count_labels(rows, len(labels)),
        "frozen_rows": len(base_frozen),
        "rolling_rows": len(composition.rolling),
        "excluded_leaks": composition.excluded_leaks,
        "watermark": watermark,
        "fingerprint": hashlib.sha256(run.train.read_bytes()).hexdigest() if rows else None,
        "warm_from": warm.version if warm else None,
        "warm_start": str(warm.folder) if warm else None,
        "deliveries": composition.deliveries,
    }


def _write(run: RunFolder, composition: Composition, frozen: list[Post], rows: list[Post]) -> None:
    # A result that an earlier attempt left must not stand beside files that are not its own.
    run.result("prepare").unlink(missing_ok=True)
    run.train.unlink(missing_ok=True)
    write_posts(run.batch, composition.batch)
    write_posts(run.frozen, frozen)
    write_posts(run.rolling, composition.rolling)
    if rows:
        write_posts(run.train, rows)


@click.command("prepare")
@click.option("--run", required=True, help="The run whose files to make.")
@click.option("--mode", type=click.Choice(["auto", "warm", "full"]), default="auto", show_default=True)
@click.option("--mix-number", default=0, show_default=True, help="Old rows of each label; 0: by the new rows' counts.")
@click.option("--minimum-content-length", default=20, show_default=True, help="Characters an old row has at least.")
@click.option("--maximum-digits", default=3, show_default=True, help="Digits of a count from which the LCM is used.")
@click.option("--seed", default=13, show_default=True, help="For the draw and the order.")
@step
def command(run: str, mode: str, **options: int) -> Result:
    """Make a run's training and test files from what is new."""
    settings = read_settings()
    folder = RunFolder.named(settings, run)
    result = prepare(folder, settings, mode, Mixing(**options))
    atomic.write_json(folder.result("prepare"), result)
    if result["nothing_new"]:
        say(f"nothing new since version {result['warm_from']}")
    else:
        say(f"{result['mode']}: {result['new']['rows']} new rows, {result['train_rows']} to train on")
    return result
