"""Which of the home's own encoders stay: the newest, and those that a model or a run names by their bytes."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import msgspec

from sentiment import own_encoder
from sentiment.errors import InputError
from sentiment.model import checkpoint, folder, pinned
from sentiment.results import record
from sentiment.results.deliveries import Prepare
from sentiment.results.encoders import EncoderPin
from sentiment.results.training import Training
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings

KEPT = 4  # the current one and those before it


def digest_of(settings: Settings, number: int) -> str:
    """Returns the sha256 of an encoder's files. Raises: InputError when it is not whole."""
    return pinned.of_checkpoint(checkpoint.locate(str(own_encoder.folder_of(settings, number)))).sha256


def next_number(settings: Settings) -> int:
    """Returns the number of the encoder to make: the one after the current one.

    One that did not become current has it too, and makes room, unless somebody started from it.
    """
    current, named = own_encoder.current(settings), named_by(settings)
    started_from = [number for number, digest in _digests(settings).items() if digest in named]
    return max([current.number if current else 0, *started_from]) + 1


def remove_older(settings: Settings) -> list[int]:
    """Removes what need not stay, also what stopped pretrainings left; returns the numbers of removed encoders."""
    current = own_encoder.current(settings)
    assert current is not None
    going = to_remove(_digests(settings), current.number, named_by(settings))
    for number in going:
        shutil.rmtree(own_encoder.folder_of(settings, number), ignore_errors=True)
    for left in own_encoder.unfinished(settings):
        shutil.rmtree(left, ignore_errors=True)
    return going


def to_remove(digests: Mapping[int, str], current: int, named: Collection[str], keep: int = KEPT) -> list[int]:
    """Returns which encoders go: all but the `keep` newest up to the current one, those after it, and the named."""
    older = sorted((number for number in digests if number <= current), reverse=True)[keep:]
    return sorted(number for number in older if digests[number] not in named)


def named_by(settings: Settings) -> set[str]:
    """Returns the digests of the encoders that published models came from, or that a run has yet to start from."""
    return {pin.sha256 for pin in (*_of_versions(settings), *_of_runs(settings)) if pin}


def _of_versions(settings: Settings) -> Iterator[EncoderPin | None]:
    for card in settings.trained.glob(f"*/{folder.CARD}"):
        yield _encoder_in(card)


def _of_runs(settings: Settings) -> Iterator[EncoderPin | None]:
    for path in settings.runs.glob(f"*/{Prepare.STEP}.json"):
        if not RunFolder(path.parent).result(Training.STEP).is_file():
            yield _encoder_in(path)


class _MadeFrom(msgspec.Struct, frozen=True):
    """Of a model's card, or of what `prepare` left, only the encoder."""

    encoder: EncoderPin | None = None


def _encoder_in(path: Path) -> EncoderPin | None:
    try:
        return record.read(path, _MadeFrom, "").encoder
    except InputError:  # whoever needs the file is told; nobody can start from what it would name
        return None


def _digests(settings: Settings) -> dict[int, str]:
    """Returns the encoders of the home by their numbers, each with its digest; "" for one that is not whole."""
    found = {}
    for path in settings.own_encoders.glob("[0-9]*/"):
        if path.name.isdecimal():
            try:
                found[int(path.name)] = digest_of(settings, int(path.name))
            except InputError:
                found[int(path.name)] = ""
    return found
