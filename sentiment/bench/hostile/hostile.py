"""`sentiment bench hostile`: honest clients of a throw-away model server, alone and beside hostile ones.

It attacks only a server that it starts itself, on this machine.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import click

from sentiment import processes
from sentiment.bench.hostile.attackers import Job
from sentiment.bench.hostile.report import draw, summary
from sentiment.bench.load import requests as load_requests
from sentiment.bench.load.figures import Case, Measured
from sentiment.bench.load.load import GRPC, REST
from sentiment.bench.load.plan import Turn
from sentiment.bench.load.run import Asked, LoadTest
from sentiment.bench.load.targets import LABEL, Running, Target, exports_of, running
from sentiment.data.posts import read_posts
from sentiment.errors import InputError, UnavailableError
from sentiment.experiments import child, results
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step

ATTACKERS = "sentiment.bench.hostile.attackers"
CLIENTS = (REST, GRPC)
ROWS = 1024  # of a hostile request
WORKERS = 4  # honest connections to each port


class Soak:
    """Asks one server, over both ports at a steady rate."""

    def __init__(self, settings: Settings, server: Running, texts: Sequence[str], rate: float, work: Path) -> None:
        self.model, self.server, self.texts, self.rate, self.work = settings.model_name, server, texts, rate, work
        asked = Asked(load_requests.TEXT, 1, 128, rate, LABEL, self.model)
        self._loads = {}
        for client in CLIENTS:
            (work / client).mkdir()
            self._loads[client] = LoadTest(asked, texts, work / client)
            self._loads[client].requests(client)

    def honest(self, seconds: float) -> dict[str, Measured]:
        """Returns what honest clients met, by port. Raises: child.Failed when not even the first was answered."""

        def measure(client: str) -> Measured:
            turn = Turn(Case("server", client, WORKERS), 0, max(1, round(self.rate * seconds)))
            return self._loads[client].measure(turn, self.server)

        with ThreadPoolExecutor(len(CLIENTS)) as pool:
            return dict(zip(CLIENTS, pool.map(measure, CLIENTS), strict=True))

    @contextmanager
    def hostile(self) -> Iterator[dict[str, dict[str, int]]]:
        """Attacks as long as the context lasts; afterwards, what it yields has attack → end → count."""
        found: dict[str, dict[str, int]] = {}
        path = urlsplit(load_requests.rest_url(self.server.addresses[REST], self.model, LABEL))
        Job(
            path.port or 0, path.path, int(self.server.addresses[GRPC].rpartition(":")[2]), self._hostile_requests()
        ).write(self.work / "attacks.json")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with processes.running(ATTACKERS, [str(self.work / "attacks.json")], **pipes) as process:
            assert process.stdout
            process.stdout.readline()  # it has begun
            yield found
            found |= json.loads(process.communicate()[0])

    def _hostile_requests(self) -> dict[str, bytes]:
        from tensorflow_serving.apis import predict_pb2

        many = load_requests.inputs_of(load_requests.TEXT, [self.texts[0]] * ROWS, 128)
        rows = load_requests.grpc_request(self.model, LABEL, load_requests.TEXT, many)
        claim = predict_pb2.PredictRequest.FromString(rows)
        del claim.inputs["text"].string_val[1:]
        claim.inputs["text"].tensor_shape.dim[0].size = 100_000
        bomb = predict_pb2.PredictRequest.FromString(rows)
        bomb.inputs["text"].string_val[:] = [b"0" * 60_000_000]
        return {
            "rows": rows,
            "rows.json": load_requests.rest_body(load_requests.TEXT, many),
            "claim": claim.SerializeToString(),
            "bomb": gzip.compress(bomb.SerializeToString(), 1),
        }


def soak(settings: Settings, export: Mapping[str, Path], texts: Sequence[str], rate: float, seconds: float) -> Result:
    """Returns the figures of an export's server. Raises: InputError when it does not start or answer."""
    ((name, folder),) = export.items()
    with (
        tempfile.TemporaryDirectory(prefix="sentiment-") as work,
        running([Target(name, folder)], settings, None) as (servers, failures),
    ):
        if name not in servers:
            raise InputError("a server must start", found="; ".join(failures), do="Check the export.")
        test = Soak(settings, servers[name], texts, rate, Path(work))
        try:
            say(f"bench hostile: honest clients alone, {seconds:g} s …")
            alone, before = test.honest(seconds), servers[name].peak_bytes()
            say(f"bench hostile: honest clients beside hostile ones, {seconds:g} s …")
            with test.hostile() as attacks:
                beside = test.honest(seconds)
        except child.Failed as error:
            raise UnavailableError(
                "an honest request must be answered", found=str(error), do="Look at the server."
            ) from None
        peak = {"alone": before, "beside": servers[name].peak_bytes()}
    return {"alone": alone, "beside": beside, "attacks": attacks, "peak_bytes": peak}


@click.command("hostile")
@click.option("--export", "exports", multiple=True, metavar="NAME=FOLDER", help="An export, and its name.")
@click.option("--run", "runs", multiple=True, help="A run's export.")
@click.option("--version", help="A published version: stable, canary or a number.")
@click.option("--seconds", type=click.FloatRange(1), default=20.0, show_default=True, help="Seconds of each half.")
@click.option("--rate", type=click.FloatRange(0.1), default=10.0, show_default=True, help="Honest requests/s per port.")
@click.option("--data", type=click.Path(path_type=Path), help="Posts to ask (TSV). [default: the sample's test.tsv]")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/hostile]")
@step
def command(
    exports: tuple[str, ...],
    runs: tuple[str, ...],
    version: str | None,
    seconds: float,
    rate: float,
    data: Path | None,
    output: Path | None,
) -> Result:
    """Ask a model server honestly while hostile clients attack it; fails when an honest request does.

    It starts the server, the embedded one, on this machine, and attacks no other.
    """
    settings = read_settings()
    folder = results.folder_for(settings, "hostile", output)
    export = exports_of(settings, exports, runs, version)
    if len(export) != 1:
        raise InputError(
            "one export must be named (--export, --run or --version)",
            found=str(len(export)),
            do="Name one; see --help.",
        )
    texts = [post.text for post in read_posts(data or settings.base_data / "test.tsv", settings.label_set)]
    found = soak(settings, export, texts, rate, seconds)
    result, table = summary(found, rate, seconds)
    result = results.keep(folder, result, table, draw(found))
    table.show()
    if failed := sum(row["failed"] for row in result["rows"]):
        errors = {why for row in result["rows"] for why in row["errors"]}
        raise UnavailableError(
            "every honest request must be answered",
            found=f"{failed} that failed: {'; '.join(sorted(errors))[:300]}",
            do=f"See {folder}.",
        )
    return result
