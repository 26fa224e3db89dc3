"""`sentiment demo` (`make demo`): the whole loop on one machine, in four acts."""

from __future__ import annotations

import contextlib
import fcntl
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from sentiment.demo.acts import Demo
from sentiment.demo.material import SAMPLE, Material
from sentiment.demo.processes import stop_leftovers
from sentiment.demo.scoring import archive_settings, lay_out_archive, pointed_back, scored
from sentiment.demo.screen import Screen
from sentiment.demo.stack import Stack, fresh_folder
from sentiment.errors import InputError, SentimentError
from sentiment.models_page import OVERVIEW
from sentiment.settings import CHECKOUT, Settings

FOLDER = CHECKOUT / ".demo"


def show(demo: Demo) -> None:
    """Starts everything and runs the acts in order."""
    screen, stack = demo.screen, demo.stack
    screen.act("Starting Airflow, the model server and a mailbox")
    screen.line(f"  logs: {stack.folder / 'logs'}")
    margin, rows = stack.settings.gate_margin, demo.material.frozen_rows
    screen.line(f"  the frozen set has {rows} rows; the gate allows a fall of {margin:.0%} (with many rows, 1%)")
    stack.start()
    screen.line(f"  {stack.api.address} is up ({screen.seconds:.0f} s)")
    demo.first_model()
    demo.better_model()
    if demo.scores:
        scored(demo)
    demo.refused_model()
    demo.epilogue()
    demo.second_thoughts()
    if demo.scores:
        pointed_back(demo)


def look_around(demo: Demo) -> None:
    """Leaves everything running until the person stops it."""
    screen, address = demo.screen, demo.stack.api.address
    screen.line()
    screen.line("  Look around: Airflow, and the Models page with all versions side by side.")
    screen.as_it_is(f"    {address}", bold=True)
    screen.as_it_is(f"    {address}{OVERVIEW}", bold=True)
    demo.say_who()
    screen.line("  Ctrl-C stops Airflow, the model server and the mailbox; the files stay.")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            demo.stack.processes.check()
            time.sleep(1)


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Holds `folder` for one demo. Raises: InputError when another demo runs there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                "only one demo may run at a time in a folder",
                found=f"another one in {folder}",
                do="Stop it first (Ctrl-C).",
            ) from None
        yield


def verdict(screen: Screen) -> int:
    """Prints how many claims hold and returns how many do not."""
    broken = [text for holds, text in screen.claims if not holds]
    screen.line()
    screen.line(f"  {len(screen.claims) - len(broken)} of {len(screen.claims)} claims hold.", bold=True)
    return len(broken)


def run(demo: Demo, *, stays: bool) -> int:
    """Shows everything, stops whatever it started, and returns the exit code."""
    screen, stack, interrupted = demo.screen, demo.stack, False
    try:
        demo.material.lay_out(stack.settings)
        if demo.scores:
            lay_out_archive(demo.material, stack.settings)
        show(demo)
        broken = verdict(screen)
        if stays:
            look_around(demo)
    except KeyboardInterrupt:
        screen.line("  Stopped before the end.")
        interrupted = True
        return 130
    except (SentimentError, OSError) as error:
        screen.line(f"  {stack.processes.explain(error)}")
        return 1
    finally:
        stack.stop()
        if stays or interrupted:
            say_what_stays(screen, stack)
    return 1 if broken else 0


def say_what_stays(screen: Screen, stack: Stack) -> None:
    """Tells, after everything was stopped, what is left and how to go on."""
    screen.line(
        "  Airflow, the model server and the mailbox are stopped. Models, mails and logs stay until the next demo in"
    )
    screen.as_it_is(f"    {stack.folder}")
    screen.line("  This shows its versions; `make demo` begins anew:")
    screen.as_it_is(f"    SENTIMENT_HOME={stack.home} {CHECKOUT / '.venv' / 'bin' / 'sentiment'} status")


@click.command("demo")
@click.option("--approve", is_flag=True, help="Approve automatically instead of waiting for a person.")
@click.option(
    "--check", is_flag=True, help="Unattended: approve, check every claim, stop everything, fail if a claim fails."
)
@click.option(
    "--data", type=click.Path(path_type=Path), default=SAMPLE, help="A folder with the same layout as the sample."
)
@click.option("--model-name", help="The first model's encoder, e.g. scratch/mini.")
@click.option("--num-epochs", type=int, help="Passes over the data.")
@click.option(
    "--margin", type=click.FloatRange(0, 1), help="The gate's margin, e.g. 0.02; default: depends on the data's size."
)
@click.option("--score", is_flag=True, help="After each promotion, also score an archive: the posts of the data.")
@click.option("--folder", type=click.Path(path_type=Path), default=FOLDER, help="Where the demo keeps its files.")
def command(
    approve: bool,
    check: bool,
    data: Path,
    model_name: str | None,
    num_epochs: int | None,
    margin: float | None,
    score: bool,
    folder: Path,
) -> None:
    """Run the whole loop on one machine: a first model, a better one, a refused one, a rollback."""
    folder = folder.resolve()
    material = Material.of(data.resolve(), Settings())
    chosen = {"model_name": model_name, "num_epochs": num_epochs}
    conf = {**material.form, **{key: value for key, value in chosen.items() if value is not None}}
    thresholds = {**material.thresholds, **({} if margin is None else {"SENTIMENT_GATE_MARGIN": str(margin)})}
    with hold(folder):
        screen = Screen()
        if stop_leftovers(folder / "home"):
            screen.line("An earlier demo was killed; the processes that it left have been stopped.")
        fresh_folder(folder)
        chosen_settings = {**thresholds, **(archive_settings(folder) if score else {})}
        demo = Demo(Stack(folder, chosen_settings), material, screen, conf, approves=approve or check, scores=score)
        code = run(demo, stays=not check and sys.stdout.isatty())
    raise click.exceptions.Exit(code)
