"""`sentiment publish`: an export becomes the next version on disk. Nothing is served yet."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.run_folder import RunFolder
from sentiment.serving.history import Change, changing
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step

ORIGIN = Path("assets.extra") / "origin.json"  # tells a folder that a crash left apart from somebody else's


@dataclass(frozen=True)
class Candidate:
    """An export, the model folder it was made from, and what is known about them."""

    export: Path
    model: Path
    run: str
    metrics: dict[str, float]

    def check(self) -> None:
        """Raises: InputError when a file that serving needs is missing."""
        for needed in (self.export / "saved_model.pb", self.export / "variables", self.model / "model.json"):
            if not needed.exists():
                raise InputError(
                    "an export and its model folder must be complete",
                    found=f"no {needed}",
                    do="Run `sentiment export` again.",
                )

    @property
    def identities(self) -> Path:
        """What the model was trained on, as hashes: kept with the version, it outlives the run's folder."""
        return self.model.parent / "identities.bin"

    def digest(self) -> str:
        """Returns a digest of every byte that would be served."""
        hashed = hashlib.sha256()
        for file in sorted(path for path in self.export.rglob("*") if path.is_file()):
            hashed.update(f"{file.relative_to(self.export)}\n".encode())
            with file.open("rb") as handle:
                hashed.update(hashlib.file_digest(handle, "sha256").digest())
        return hashed.hexdigest()

    def data(self) -> dict[str, Any]:
        """Returns the data fingerprint and watermark that the model folder carries."""
        card = json.loads((self.model / "model.json").read_text(encoding="utf-8"))
        data: dict[str, Any] = card.get("data", {})
        return data


def candidate_of_run(run: RunFolder) -> Candidate:
    """Returns a run's export. Raises: InputError unless the run's gate passed (or was overridden)."""
    gate = run.read("gate")
    if not gate.get("passed"):
        raise InputError(
            "a run must have passed its gate to be published",
            found=str(gate.get("sentence", "a gate that did not pass")),
            do="Override the gate with a reason, or mend the data.",
        )
    sets = gate.get("sets", {})
    metrics = {name: sets[name]["candidate_accuracy"] for name in sets if sets[name]}
    return Candidate(run.export, run.model, run.name, metrics)


def publish(change: Change, candidate: Candidate) -> tuple[int, bool]:
    """Copies a candidate to the served folder. Returns its version and whether it was published before.

    The copy is made under a temporary name and renamed: a server that polls the folder never sees half of it.
    """
    candidate.check()
    digest = candidate.digest()
    for version in change.state.versions.values():
        if version.digest == digest and version.run == candidate.run and version.condition != "pruned":
            return version.number, True
    settings = change.settings
    number = _number_for(change, digest)
    if not (settings.versions / str(number)).exists():
        _require_space(settings, candidate)
        _place(candidate.model, settings.trained / str(number), beside=candidate.identities)
        _place(candidate.export, settings.versions / str(number), origin={"run": candidate.run, "digest": digest})
    change.record(
        "published",
        number,
        run=candidate.run,
        digest=digest,
        data=candidate.data(),
        metrics=candidate.metrics,
    )
    return number, False


def _number_for(change: Change, digest: str) -> int:
    """Returns the version number to use: after every number in the history and every folder there is.

    A folder that a crash left before its event was recorded holds the same digest, and is used as it is.
    """
    folder = change.settings.versions
    number = change.state.next_number
    while (folder / str(number)).exists():
        origin = folder / str(number) / ORIGIN
        if origin.is_file() and json.loads(origin.read_text(encoding="utf-8")).get("digest") == digest:
            break
        number += 1
    return number


def _place(source: Path, target: Path, origin: dict[str, str] | None = None, beside: Path | None = None) -> None:
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, temporary)
    if beside and beside.is_file():
        shutil.copy(beside, temporary)
    if origin:
        atomic.write_json(temporary / ORIGIN, origin)
    for path in temporary.rglob("*"):
        atomic.sync_file(path)
    temporary.rename(target)
    atomic.sync_file(target.parent)


def _require_space(settings: Settings, candidate: Candidate) -> None:
    folders = (candidate.export, candidate.model)
    needed = sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
    settings.versions.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.versions).free
    if free < needed * 1.1:
        raise InputError(
            f"publishing needs {needed / 1e6:.1f} MB and a tenth more on the disk of {settings.versions}",
            found=f"{free / 1e6:.1f} MB free",
            do="Free some space; nothing was copied.",
        )


def choose_candidate(settings: Settings, run: str | None, export: Path | None, model: Path | None) -> Candidate:
    """Returns the candidate that the options name: a run, or an export with its model folder."""
    if run and not (export or model):
        return candidate_of_run(RunFolder.named(settings, run))
    if export and model and not run:
        return Candidate(export, model, run="", metrics={})
    raise InputError(
        "give --run, or --export with --model", found="neither or a mixture", do="See `sentiment publish --help`."
    )


@click.command("publish")
@click.option("--run", help="A run whose gate passed.")
@click.option("--export", type=click.Path(path_type=Path), help="A SavedModel folder.")
@click.option("--model", type=click.Path(path_type=Path), help="The model folder it was exported from.")
@click.option("--who", help="Who publishes; default: this user.")
@step
def command(run: str | None, export: Path | None, model: Path | None, who: str | None) -> Result:
    """Copy an export to the served folder as the next version; nothing is served yet."""
    settings = read_settings()
    candidate = choose_candidate(settings, run, export, model)
    with changing(settings, who) as change:
        number, already = publish(change, candidate)
    folder = settings.versions / str(number)
    say(f"version {number} {'was published before' if already else 'is published'}: {folder}")
    return {"version": number, "folder": str(folder), "already": already}
