"""`sentiment bench serve`: the older tool's load test for every format of an export, with siege and our own load.

The requests are sent in rounds, and each case has its turn in every round: a machine that is busy for a while slows all
cases alike, so ratios hold even if seconds do not. Finished turns are kept: a stopped load test continues where it was
when it is started again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from sentiment import atomic
from sentiment.bench.load import siege as serve_siege
from sentiment.bench.load import table as load_table
from sentiment.bench.load.beside import beside
from sentiment.bench.load.figures import figures, ratios
from sentiment.bench.load.load import GRPC, REST
from sentiment.bench.load.plan import Plan, design, measured_of
from sentiment.bench.load.requests import SIGNATURES, TEXT
from sentiment.bench.load.run import Asked, LoadTest, run
from sentiment.bench.load.siege import NAME as SIEGE
from sentiment.bench.load.targets import (
    BATCHINGS,
    GRAPH,
    LABEL,
    OFF,
    Target,
    exports_of,
    flags_of,
    running_target,
    targets_of,
)
from sentiment.data.posts import read_posts
from sentiment.digests import sha256_of
from sentiment.errors import InputError, UnavailableError
from sentiment.experiments import results
from sentiment.experiments.options import Numbers
from sentiment.export.formats import FormatList
from sentiment.model.folder import installed_versions, read_card
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, step

CLIENTS = (GRPC, REST, SIEGE)
BUSY = 0.5  # of the cores


def require_answers(plan: Plan, failures: Sequence[str]) -> None:
    """Raises: InputError when no server answered at all."""
    if not measured_of(plan, plan.turns):
        kind = InputError if any(target.folder for target in plan.targets) else UnavailableError
        raise kind(
            "a server must answer",
            found="; ".join(failures) or "none",
            do="Fix the export or the server, then run `sentiment bench serve` again.",
        )


def summary(plan: Plan, asked: Asked, lines: Sequence[str], setup: Mapping[str, Any]) -> tuple[Result, Any, Any]:
    """Returns the result, its table, and the function that draws its plot."""
    measured = measured_of(plan, plan.turns)
    found = {case: figures(rounds, asked.rows) for case, rounds in measured.items()}
    limits = {
        (case.client, case.concurrency): figures(rounds, 1)["rate"]
        for case, rounds in measured_of(plan, plan.limits).items()
    }
    compared = ratios(measured)
    notes = [*load_table.notes(found, limits, compared), *lines]
    signature = SIGNATURES[asked.signature]
    title = f"load test: {setup['requests']:,} requests per row, posts in each: {asked.rows}, signature {signature}"
    result = {
        "rows": [{**asdict(case), **row} for case, row in found.items()],
        "ratios": [{**ratio, "case": asdict(ratio["case"]), "to": asdict(ratio["to"])} for ratio in compared],
        "limits": [
            {"client": client, "concurrency": number, "rate": rate} for (client, number), rate in limits.items()
        ],
        "notes": notes,
        "setup": {**setup, **asdict(asked)},
    }
    return result, load_table.table_of(title, found, notes), load_table.draw(measured, found)


@click.command("serve")
@click.option("--export", "exports", multiple=True, metavar="NAME=FOLDER", help="An export, and the name of its row.")
@click.option("--run", "runs", multiple=True, help="A run's export.")
@click.option("--version", help="A published version: stable, canary or a number.")
@click.option(
    "--target",
    metavar="grpc=…,rest=…",
    help="A running server: grpc=HOST:PORT,rest=http://HOST:PORT, or grpc=grpcs://…,rest=https://….",
)
@click.option("--model", type=click.Path(path_type=Path), help="A model folder, to be compared with other servers.")
@click.option("--tools", "named", type=click.Path(path_type=Path), help="Python with PyTorch, for --model.")
@click.option("--server", type=click.Path(exists=True, dir_okay=False), help="tensorflow_model_server. [default: ours]")
@click.option("--requests", type=click.IntRange(1), default=5000, show_default=True, help="Requests per row.")
@click.option(
    "--concurrency", type=Numbers(int), default="2", show_default=True, help="Requests at a time; comma-separated."
)
@click.option("--rows", type=click.IntRange(1), default=1, show_default=True, help="Posts in each request.")
@click.option(
    "--rounds", type=click.IntRange(1), default=5, show_default=True, help="Rounds in which the rows take turns."
)
@click.option("--signature", type=click.Choice(list(SIGNATURES)), default=TEXT, show_default=True)
@click.option("--max-seq-length", type=click.IntRange(2), default=128, show_default=True, help="Longest row of ids.")
@click.option(
    "--clients", type=FormatList(CLIENTS), default=",".join(CLIENTS), show_default=True, help="Comma-separated."
)
@click.option(
    "--batching",
    type=FormatList(BATCHINGS),
    default=f"{GRAPH},{OFF}",
    show_default=True,
    help=f"{', '.join(BATCHINGS)}: who computes requests together, the export or the server. An export that does it "
    "itself is asked with graph alone, any other with the rest.",
)
@click.option(
    "--rate", type=click.FloatRange(0), default=0.0, help="Requests per second, answered or not; not for siege."
)
@click.option("--label", default=LABEL, show_default=True, help="The label to ask, with --target.")
@click.option("--data", type=click.Path(path_type=Path), help="Posts to ask (TSV). [default: the sample's test.tsv]")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/serve]")
@step
def command(
    exports: tuple[str, ...],
    runs: tuple[str, ...],
    version: str | None,
    target: str | None,
    model: Path | None,
    named: Path | None,
    server: str | None,
    requests: int,
    concurrency: tuple[int, ...],
    rounds: int,
    clients: tuple[str, ...],
    batching: tuple[str, ...],
    label: str,
    data: Path | None,
    output: Path | None,
    **given: Any,
) -> Result:
    """Load a model server and compare formats: the older tool's table, percentiles, a plot.

    With --model, ours stands beside the same server asked in the older way, FastAPI with a pipeline on PyTorch and,
    where the processor multiplies int8 itself, an export of ours in 8 bits. Without it, a load test that is started
    again continues where it was stopped.
    """
    settings = read_settings()
    folder = results.folder_for(settings, "serve", output, ["work"])
    data = data or settings.base_data / "test.tsv"
    if model is None:
        targets, lines = choose_targets(settings, exports, runs, version, target, batching)
    elif exports or runs or version or target:
        raise InputError("--model must be alone", found="another server to ask", do="Leave out one of the two.")
    else:
        read_card(model)
    if min(concurrency) < 1:
        raise InputError("--concurrency must be at least 1", found=str(min(concurrency)), do="Correct --concurrency.")
    texts = [post.text for post in read_posts(data, settings.label_set)]
    asked = Asked(label=label if target else LABEL, model=settings.model_name, **given)
    with atomic.exclusive_lock(folder / results.LOCK):
        work = folder / "work"
        work.mkdir(parents=True, exist_ok=True)
        others = ExitStack()
        try:
            if model is not None:
                targets, lines = others.enter_context(
                    beside(model, read_posts(data, read_card(model).label_set), work, named)
                )
            siege = serve_siege.version(work) if SIEGE in clients else None
            why_not = why_no_siege(siege, targets, settings) if SIEGE in clients else ""
            if why_not:
                clients, siege = tuple(client for client in clients if client != SIEGE), None
                lines.append(why_not)
            lines += busy(os.getloadavg()[0], os.cpu_count() or 1)
            setup = {"requests": requests, "data": str(data), "siege": siege, "server": server or "embedded"}
            flags = {one.name: flags_of(settings, one, Path("batching.config")) for one in targets if one.folder}
            identity = {"asked": asdict(asked), "data": sha256_of(data), "siege": siege, "server": server}
            identity |= {"flags": flags, "versions": installed_versions()}
            plan = design(
                targets, clients, list(dict.fromkeys(concurrency)), requests, rounds, identity, folder / "rows"
            )
            failures = run(
                plan,
                LoadTest(asked, texts, work, {one.name for one in targets if one.padded}),
                settings,
                [server] if server else None,
            )
        finally:
            others.close()
            shutil.rmtree(work, ignore_errors=True)
        require_answers(plan, failures)
        result, table, draw = summary(plan, asked, [*lines, *failures], setup)
        result = results.keep(folder, result, table, draw)
    table.show()
    return result


def why_no_siege(version: str | None, targets: Sequence[Target], settings: Settings) -> str:
    """Returns why siege has no rows: it verifies no certificate, and shows a token to everybody; "" when it has."""
    running = [dict(target.addresses).get(REST, "") for target in targets if not target.folder]
    if not version:
        return "siege is not installed (`apt-get install siege`), so it has no rows"
    if any(address.startswith("https:") for address in running):
        return "siege verifies no certificate, so it has no rows"
    if running and settings.serving_token:
        return "siege would show SENTIMENT_SERVING_TOKEN in the list of processes, so it has no rows"
    return ""


def busy(load: float, cores: int) -> list[str]:
    """Returns a warning if the machine is busy with other work; `load` is its load average of the last minute."""
    if load < BUSY * cores:
        return []
    return [
        f"when this began, the machine was busy: load average {load:.1f} on {cores} cores; the seconds are too high"
    ]


def choose_targets(
    settings: Settings,
    exports: Sequence[str],
    runs: Sequence[str],
    version: str | None,
    target: str | None,
    batching: Sequence[str],
) -> tuple[list[Target], list[str]]:
    """Returns the servers to ask, and a line about each format that is left out."""
    if bool(target) == bool(exports or runs or version):
        raise InputError(
            "the load test must have either exports (--export, --run, --version), a --target, or a --model",
            found="both" if target else "neither",
            do="Give one of them; see --help.",
        )
    if target:
        return [running_target(target)], []
    return targets_of(exports_of(settings, exports, runs, version), list(dict.fromkeys(batching)))
