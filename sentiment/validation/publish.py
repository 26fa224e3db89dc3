"""`sentiment publish`: makes an export the next version on disk. The servers do not serve it yet."""

from __future__ import annotations

from pathlib import Path

import click

from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.results.serving import Published
from sentiment.run_folder import RunFolder
from sentiment.serving.change import changing
from sentiment.serving.publish import Candidate, candidate_of_run, publish
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import to_people
from sentiment.validation import loading


def choose_candidate(settings: Settings, run: str | None, export: Path | None, model: Path | None) -> Candidate:
    """Returns the candidate that the options name: a run, or an export with its model folder.

    Raises: InputError when it may not be published. Of a run, `validate` asked what the export might do.
    """
    if run and not (export or model):
        return candidate_of_run(RunFolder.named(settings, run))
    if export and model and not run:
        candidate = Candidate(export, model, run="", metrics={})
        candidate.check()
        _require_harmless(candidate)
        loading.require_survived(export, settings.load_timeout)
        return candidate
    raise InputError("give --run, or --export with --model", found="neither or a mixture", do="Give one of the two.")


def _require_harmless(candidate: Candidate) -> None:
    from sentiment.model import saved_model  # TensorFlow takes seconds, which a run does not need
    from sentiment.validation import operations

    export, _ = candidate.export, candidate.digest  # of what is looked over: the copy must have it, too
    used = operations.operations_of(export)
    if dangers := operations.dangers(export, used, operations.models_of(candidate.model, used), gpu=True):
        raise InputError(
            "an export must only compute to be published",
            found=f"{saved_model.some(dangers)} in {export}",
            do="Do not serve it. Make another one of the model with `sentiment export`.",
        )


def _told(number: int, folder: Path, already: bool) -> str:
    if already:
        return tr("version {version} was published before: {folder}", version=number, folder=folder)
    return tr("version {version} is published: {folder}", version=number, folder=folder)


@click.command("publish")
@click.option("--run", help="A run whose gate and validation passed.")
@click.option("--export", type=click.Path(path_type=Path), help="A SavedModel folder.")
@click.option("--model", type=click.Path(path_type=Path), help="The model folder it was exported from.")
@click.option("--who", help="Who publishes; default: the current user.")
@step
def command(run: str | None, export: Path | None, model: Path | None, who: str | None) -> Published:
    """Copy an export to the served folder as the next version; the servers do not serve it yet."""
    settings = read_settings()
    candidate = choose_candidate(settings, run, export, model)
    with changing(settings, who) as change:
        number, already = publish(change, candidate)
    folder = settings.versions / str(number)
    with to_people():
        say(_told(number, folder, already))
    return Published(version=number, folder=str(folder), already=already)
