"""Which encoder a model was trained from, to the byte: where it came from, and the sha256 of its files.

A name on a hub, an address or a folder can have other files tomorrow. A model's model.json keeps what they were, so
that the next training from the same name notices. NAME@sha256:DIGEST names the files themselves.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from sentiment import file_sizes
from sentiment.digests import sha256_of
from sentiment.errors import InputError
from sentiment.model import checkpoint, hub_address, saved_model_files
from sentiment.model.checkpoint import Checkpoint
from sentiment.model.encoder import is_scratch
from sentiment.model.model_type import TF_HUB
from sentiment.results.encoders import EncoderPin
from sentiment.results.model_card import ModelCard

MARK = "@sha256:"
DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
HUB = "https://huggingface.co"


def name_of(name: str) -> str:
    """Returns the name of an encoder without the digest that may follow it."""
    return name.partition(MARK)[0]


def digest_in(name: str) -> str:
    """Returns the digest in NAME@sha256:DIGEST; "" when there is none. Raises: InputError when it is no digest."""
    _, mark, digest = name.partition(MARK)
    if mark and not DIGEST.fullmatch(digest):
        raise InputError(
            f"what follows {MARK} must be the 64 digits of a sha256, 0 to 9 and a to f",
            found=ascii(digest[:80]),
            do="Copy it from the field `encoder` of a model.json, or leave it out.",
        )
    return digest


def pinned_name(name: str, digest: str) -> str:
    """Returns the name by which exactly these files of an encoder are asked for."""
    return f"{name_of(name)}{MARK}{digest}"


def of(kind: str, name: str) -> EncoderPin | None:
    """Returns where the encoder of a new model is now, with its digest; None from scratch. Nothing of it is run."""
    plain = name_of(name)
    if kind == TF_HUB:
        return of_saved_model(hub_address.resolve(plain), plain)
    return None if is_scratch(plain) else of_checkpoint(checkpoint.locate(plain))


def of_checkpoint(files: Checkpoint) -> EncoderPin:
    """Returns the pin of a checkpoint: its settings, its weights, its pieces and whether it lower-cases."""
    parts = {"config": files.config, "weights": files.weights, "vocabulary": files.vocabulary}
    digests = {name: sha256_of(path) if path else "" for name, path in parts.items()}
    return EncoderPin(address=_address(files.weights), sha256=_digest({**digests, "lower": str(files.lower_case)}))


def of_saved_model(folder: Path, address: str = "") -> EncoderPin:
    """Returns the pin of a SavedModel: of all files that a model folder keeps. Raises: InputError on a link out."""
    files = saved_model_files.files(folder)
    file_sizes.require_bounded(files)
    digests = {file.relative_to(folder).as_posix(): sha256_of(file) for file in files}
    return EncoderPin(
        address=address if hub_address.is_address(address) else str(folder.resolve()), sha256=_digest(digests)
    )


def _digest(digests: Mapping[str, str]) -> str:
    return hashlib.sha256("".join(f"{name} {digests[name]}\n" for name in sorted(digests)).encode()).hexdigest()


def _address(weights: Path) -> str:
    """Returns where weights are: a folder, or a hub's repository and revision, as their place in its cache says."""
    folder = weights.parent
    if folder.parent.name == "snapshots" and (repository := folder.parents[1].name).startswith("models--"):
        return f"{HUB}/{repository.removeprefix('models--').replace('--', '/')}/tree/{folder.name}"
    return str(folder.resolve())


def require_same(found: EncoderPin, kind: str, name: str, earlier: Iterable[tuple[Path, ModelCard]]) -> None:
    """Raises: InputError when the encoder `name` has another digest than it says, or than earlier models say of it.

    Whoever names the digest has decided: the earlier models are not asked then.
    """
    if wanted := digest_in(name):
        if wanted != found.sha256:
            raise InputError(
                f"the files of the encoder {name_of(name)} must have the sha256 {wanted}",
                found=f"{found.sha256} at {found.address}",
                do="Bring those files back, or name the digest of the ones that you want.",
            )
        return
    for folder, card in earlier:
        pin = card.encoder
        if isinstance(pin, EncoderPin) and (card.type, card.name) == (kind, name) and pin.sha256 != found.sha256:
            raise InputError(
                f"the encoder {name} must be the one that {folder} was trained from, with the sha256 {pin.sha256}",
                found=f"{found.sha256} at {found.address} (then it was at {pin.address})",
                do=f"Find out who changed it. To train from it on purpose, name it: {pinned_name(name, found.sha256)}",
            )


def require_kept(card: ModelCard, encoder: Path) -> None:
    """Raises: InputError when the encoder in a model folder is not the one that the model was trained from."""
    pin = card.encoder
    if isinstance(pin, EncoderPin) and (found := of_saved_model(encoder).sha256) != pin.sha256:
        raise InputError(
            f"{encoder} must be the encoder that the model was trained from, with the sha256 {pin.sha256[:12]}…",
            found=f"{found[:12]}…",
            do="Restore the folder, or train the model again.",
        )
