"""What a verb that computes a stranger's encoder works on: the home's data, what its options name, and nothing else.

No text of a stranger's says what may be read: neither a model's card nor a link within what an option names.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import click

from sentiment import confinement, disk
from sentiment.estimation.record import estimates_file
from sentiment.model.hub_address import SAVED_MODEL
from sentiment.model.pinned import name_of
from sentiment.serving.flags import flags_file, read_flags
from sentiment.settings import Settings, read_settings

WRITTEN = ("output", "result_file", "tensorboard")  # the options of all verbs that name what they make
CHANGED = ("export",)  # those that name a SavedModel to which a verb adds files


def confine(named: str) -> None:
    """Leaves this process what its verb works on; `named` is its encoder, where no option names it.

    Raises: InputError when a link of a stranger's would say what that is.
    """
    settings, options = read_settings(), click.get_current_context().params
    texts = {name: [*_texts(value)] for name, value in options.items()}
    asked = [
        named,
        settings.archive,
        *(text for name in texts if name not in WRITTEN + CHANGED for text in texts[name]),
    ]
    exports = [path for path in _of(CHANGED, texts) if _is_meant(path)]
    local = [*_local(asked), *exports]
    confinement.to_a_verb(
        (settings.datasets, settings.runs, settings.own_encoders),
        [path for path in _of(WRITTEN, texts) if not path.is_relative_to("/dev") and not path.is_relative_to("/proc")],
        [*local, *(one for path in local for one in _of_the_hub(path))],
        changed=[*_scores(settings), *exports],
        trusted=[*_of_the_home(settings), *_of_the_servers(settings, options)],
        files=_kept_estimates(settings) if "candidate" in options else (),
        buckets=any(text.startswith("s3://") for text in (*asked, settings.scores, *texts.get("output", ()))),
        ray="engine" in options,
    )


def _of(names: Iterable[str], texts: Mapping[str, list[str]]) -> list[Path]:
    return _local(text for name in names for text in texts.get(name, ()))


def _local(texts: Iterable[str]) -> list[Path]:
    return [_path(text) for text in texts if text and "://" not in text]


def _scores(settings: Settings) -> list[Path]:
    """Returns the folder of the scores under the name that it was given; of scores in a bucket, that of their pages."""
    return _local([settings.scores_place]) or [settings.scores_folder]


def _is_meant(export: Path) -> bool:
    """Tells whether a folder to which files are added is no link, or one to a SavedModel: another may lead home."""
    return not export.is_symlink() or (export / SAVED_MODEL).is_file()


def _path(text: str) -> Path:
    return disk.expanded(name_of(text)).absolute()


def _texts(value: object) -> Iterator[str]:
    """Yields the words of an option's value that may be a path."""
    if isinstance(value, str | Path):
        yield str(value)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _texts(one)


def _of_the_hub(folder: Path) -> Iterator[Path]:
    """Yields where the model hub's cache has the files of a revision: its folder has links to them."""
    blobs = folder.parents[1] / "blobs" if folder.parent.name == "snapshots" else None
    if blobs and not blobs.is_symlink():  # the hub makes none; who hands out a model might
        yield blobs


def _of_the_home(settings: Settings) -> Iterator[Path]:
    """Yields what is served and what it was made of, where its links lead, too: no encoder can write among them."""
    yield settings.serving
    yield settings.models_config.parent
    for folder in (settings.trained, settings.versions):
        yield folder
        with suppress(OSError):  # there is none yet
            yield from [path for path in folder.iterdir() if path.is_symlink()]


def _kept_estimates(settings: Settings) -> tuple[Path, Path]:
    """Returns the file of the nights' estimates and its lock: beside them in `serving` lie programs, in some homes."""
    file = estimates_file(settings)
    return file, file.with_suffix(".lock")


def _of_the_servers(settings: Settings, options: Mapping[str, object]) -> Iterator[Path]:
    """Yields what a throw-away server needs: its program, and the files that its flags name, but no private key."""
    if "export" not in options:
        return
    if found := shutil.which(str(options.get("server") or "")):
        yield Path(found)
    yield flags_file(settings)  # it may be the one that comes with the package
    flags = (flag.partition("=") for flag in read_flags(flags_file(settings)))
    yield from (Path(value) for name, _, value in flags if value.startswith("/") and name != "--ssl_config_file")
