"""Finds the files of a pretrained encoder in a local folder, in the model hub's cache, or on the hub itself.

A checkpoint is config.json, vocab.txt and one file of weights, as Hugging Face's tools write it. Files in the cache are
used as they are, without asking the hub; missing files are fetched if the hub can be reached.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentiment import file_sizes
from sentiment.disk import expanded, size_of
from sentiment.errors import InputError
from sentiment.model import plain_json, tokenizer_settings
from sentiment.settings.encoders import BERT_BASE, CHECKPOINTS

CONFIG, VOCABULARY, TOKENIZER = "config.json", "vocab.txt", "tokenizer_config.json"
WEIGHTS = ("model.safetensors", "tf_model.h5", "pytorch_model.bin")  # in the order of the search
CARD = "pretraining.json"  # in an encoder that `sentiment pretrain` made
SCRATCH_HINT = "scratch/tiny"

# The checkpoints that the older tool was tested with. If CKIP's bring no pieces, they use those of bert-base-chinese,
# as their model cards say, and its tokenizer's settings unless they have their own.
NAMED = CHECKPOINTS
CKIP, CKIP_PIECES = "ckiplab/", BERT_BASE
MOVED = {BERT_BASE: "google-bert/bert-base-chinese"}  # its name on the hub today
SECONDS_TO_ANSWER = 5
LARGEST_SETTINGS = 1 << 20  # bytes

Find = Callable[[str], Path | None]


@dataclass(frozen=True)
class Checkpoint:
    """The files of an encoder; `vocabulary` is None when there is none."""

    config: Path
    weights: Path
    vocabulary: Path | None
    lower_case: bool


def is_own(name: str) -> bool:
    """Tells whether `sentiment pretrain` made the encoder."""
    return (expanded(name) / CARD).is_file()


def locate(name: str) -> Checkpoint:
    """Returns the files of the encoder `name`. Raises: InputError when they are missing or cannot be fetched."""
    if (folder := expanded(name)).is_dir():
        return _complete(name, _in_folder(folder))
    if name.startswith((".", "/", "~")):
        raise not_found(name, f"no folder {name}")
    cached = _in_cache(name)
    if not (cached(CONFIG) and any(map(cached, WEIGHTS))):
        return _complete(name, _on_hub(name))
    if cached(VOCABULARY) is None or not _is_known_in_cache(name, TOKENIZER):
        with suppress(InputError):  # a tool that needs no text may have filled the cache; the hub may have the rest
            return _complete(name, _on_hub(name))
    return _complete(name, cached)


def _complete(name: str, find: Find) -> Checkpoint:
    config, weights = find(CONFIG), next(filter(None, map(find, WEIGHTS)), None)
    if config is None or weights is None:
        raise not_found(name, f"no {CONFIG}" if config is None else f"none of {', '.join(WEIGHTS)}")
    pieces, settings = find(VOCABULARY), find(TOKENIZER)
    file_sizes.require_written([weights])
    file_sizes.require_bounded(filter(None, (config, weights, pieces)))
    if pieces is None and name.startswith(CKIP):
        pieces, settings = _for_ckip(name, VOCABULARY), settings or _for_ckip(name, TOKENIZER)
    given = read_json(settings) if settings else {}
    return Checkpoint(config, weights, pieces, tokenizer_settings.lower_case(given, read_json(config), name))


def _for_ckip(name: str, file: str) -> Path | None:
    try:
        return _in_cache(CKIP_PIECES)(file) or _on_hub(CKIP_PIECES)(file)
    except InputError as error:
        raise not_found(name, f"no {file} in it, nor {CKIP_PIECES}'s: {error.found}") from None


def _in_folder(folder: Path) -> Find:
    return lambda file: folder / file if (folder / file).is_file() else None


def _in_cache(name: str) -> Find:
    """Returns a search below HF_HOME; it tries a name that has moved under both names."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    def find(file: str) -> Path | None:
        for repository in filter(None, (name, MOVED.get(name))):
            try:
                found = try_to_load_from_cache(repository, file)
            except HFValidationError as error:
                raise not_found(name, error) from None
            if isinstance(found, str):
                return Path(found)
        return None

    return find


def _is_known_in_cache(name: str, file: str) -> bool:
    """Tells whether the cache holds `file`, or that the hub has none of that name."""
    from huggingface_hub import try_to_load_from_cache

    names = filter(None, (name, MOVED.get(name)))
    return any(try_to_load_from_cache(repository, file) is not None for repository in names)


def _on_hub(name: str) -> Find:
    """Returns a search on the hub. It first checks that the hub answers: the hub's client would try for 25 s."""
    import requests
    from huggingface_hub import constants, get_session, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

    if constants.HF_HUB_OFFLINE:
        raise not_found(name, f"nothing in {constants.HF_HUB_CACHE}, and HF_HUB_OFFLINE is set")
    try:
        get_session().head(constants.ENDPOINT, timeout=SECONDS_TO_ANSWER)
    except requests.RequestException:
        reason = f"nothing in {constants.HF_HUB_CACHE}, and no answer from {constants.ENDPOINT}"
        raise not_found(name, reason) from None

    def find(file: str) -> Path | None:
        try:
            return Path(hf_hub_download(name, file))
        except LocalEntryNotFoundError as error:
            raise not_found(name, error) from None
        except EntryNotFoundError:
            return None
        except (HfHubHTTPError, requests.RequestException, OSError) as error:
            raise not_found(name, error) from None

    return find


def not_found(name: str, reason: object) -> InputError:
    """Returns an error that says where weights are searched for, and how to bring them to a machine without the hub."""
    return InputError(
        f"the encoder {name!r} must be a local folder with {CONFIG}, {VOCABULARY} and {' or '.join(WEIGHTS)},"
        " or a name in the model hub's cache (HF_HOME) or on the hub",
        found=" ".join(str(reason).split())[:300],
        do="Copy the folder here and name it, set HF_HOME to a cache that holds it, or train from scratch with "
        f"--model-name {SCRATCH_HINT}.",
    )


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON object. Raises: InputError when it is not one."""
    try:
        if (size := size_of(path)) > LARGEST_SETTINGS:
            raise ValueError(f"it has {size:,} bytes, more than {LARGEST_SETTINGS:,}")
        return plain_json.read_object(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(
            "a checkpoint's settings must be a plain JSON object",
            found=f"{path}: {error}",
            do="Copy or fetch the file again.",
        ) from None
