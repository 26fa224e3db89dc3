"""Makes an export the next version on disk. The servers do not serve it yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sentiment import file_sizes
from sentiment.errors import InputError
from sentiment.results import record
from sentiment.results.decision import Gate
from sentiment.results.model_card import Trained, TrainedOn
from sentiment.results.serving import Origin
from sentiment.results.validation import Validation
from sentiment.run_folder import RunFolder
from sentiment.serving import records, version_folder
from sentiment.serving.change import Change
from sentiment.serving.checked import require_checked
from sentiment.serving.left_out_since import require_none_retracted
from sentiment.serving.trained import folder_of
from sentiment.settings import Settings

# In an export or its model: some file systems show blocks of zeros, which weights may have, as holes; whoever opens
# weights decides about those. A copy fills a hole, and whoever reads one takes memory for all of it.
WEIGHTS = frozenset({"variables", "weights.h5", "encoder"})


@dataclass(frozen=True)
class Candidate:
    """An export, the model folder it was made from, and what is known about them."""

    export: Path
    model: Path
    run: str
    metrics: dict[str, float]
    exceptions: str = ""  # that people made for it at the gate
    pins: bool = False  # whether it is the reference of later candidates, once it is promoted

    def check(self) -> None:
        """Raises: InputError when a file that serving needs is missing, or what is no plain file is among them."""
        for needed in (self.export / "saved_model.pb", self.export / "variables", self.model / "model.json"):
            if not needed.exists():
                raise InputError(
                    "an export and its model folder must be complete",
                    found=f"no {needed}",
                    do="Run `sentiment export` again.",
                )
        version_folder.require_plain(self.export)
        version_folder.require_plain(self.model)
        for folder in (self.export, self.model):
            files = [path for path in folder.rglob("*") if path.is_file()]
            file_sizes.require_bounded(files)
            file_sizes.require_written(path for path in files if path.relative_to(folder).parts[0] not in WEIGHTS)

    @property
    def identities(self) -> Path:
        """The hashes of what the model was trained on; kept with the version, they outlive the run's folder."""
        return self.model.parent / "identities.bin"

    @cached_property
    def digest(self) -> str:
        """A digest of every byte to be served, computed once: the copy must match what was validated."""
        return version_folder.digest_of(self.export)

    def data(self) -> TrainedOn:
        """Returns what the model folder says of the rows that the model was trained on."""
        return record.read(self.model / "model.json", Trained, "Restore the folder, or train the model again.").data


def candidate_of_run(run: RunFolder) -> Candidate:
    """Returns a run's export.

    Raises: InputError unless the run's check and gate passed (or the gate was overridden), and `validate` passed this
        very export.
    """
    gate = run.read(Gate)
    if not gate.passed:
        raise InputError(
            "a run must have passed its gate to be published",
            found=gate.sentence,
            do="Correct the data and start a new run, or give `sentiment gate` --override-who and --override-reason.",
        )
    metrics = {name: found.candidate_accuracy for name, found in gate.sets.items()}
    candidate = Candidate(run.export, run.model, run.name, metrics, " ".join(gate.exceptions), gate.pins)
    candidate.check()
    require_checked(run, candidate.data().fingerprint)
    _require_validated(run, candidate)
    return candidate


def _require_validated(run: RunFolder, candidate: Candidate) -> None:
    validation = run.read(Validation)
    if not validation.passed:
        raise InputError(
            "a run's export must have passed its validation to be published",
            found=validation.sentence,
            do=f"Run `sentiment export --run {run.name}`, then `sentiment validate --run {run.name}` again.",
        )
    if validation.digest != candidate.digest:
        raise InputError(
            "a run's export must be the one that was validated",
            found=f"different content in {candidate.export}",
            do=f"Run `sentiment validate --run {run.name}`.",
        )


def publish(change: Change, candidate: Candidate) -> tuple[int, bool]:
    """Copies a candidate to the served folder. Returns its version and whether it was published before.

    The copy is made under a temporary name and renamed: a server that polls the folder never sees half of it. A version
    whose files have been damaged since is published again, under a new number.
    """
    candidate.check()
    settings, digest = change.settings, candidate.digest
    _require_not_retracted(settings, candidate)
    for version in change.state.versions.values():
        same = version.digest == digest and version.run == candidate.run and version.condition != "pruned"
        if same and not version_folder.change_in(settings, version):
            return version.number, True
    number = version_folder.free_number(settings, change.state, digest)
    for left in (settings.versions / str(number), folder_of(settings, number)):
        if left.exists():  # by a crash: of the same export, but the model beside it may have been another
            version_folder.remove(left)
    version_folder.require_space(settings, candidate.export, candidate.model)
    version_folder.copy(candidate.model, folder_of(settings, number), beside=candidate.identities)
    version_folder.copy(candidate.export, settings.versions / str(number), Origin(run=candidate.run, digest=digest))
    kept = records.keep(settings, RunFolder.named(settings, candidate.run), number) if candidate.run else {}
    _require_not_retracted(settings, candidate)  # again: copying takes a while
    change.record(
        "published",
        number,
        run=candidate.run,
        digest=digest,
        size=version_folder.size_of(settings.versions / str(number)),
        data=record.as_json(candidate.data()),
        metrics=candidate.metrics,
        **({"exceptions": candidate.exceptions} if candidate.exceptions else {}),
        pins=candidate.pins,
        **({"records": kept} if kept else {}),
    )
    return number, False


def _require_not_retracted(settings: Settings, candidate: Candidate) -> None:
    if candidate.run:
        require_none_retracted(RunFolder.named(settings, candidate.run), settings)
