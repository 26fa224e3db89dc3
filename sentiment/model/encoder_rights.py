"""What a verb that computes a stranger's encoder works on: the home's data, what its options name, and nothing else.

No text of a stranger's says what may be read: neither a model's card nor a link within what an option names.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from sentiment import confinement, disk
from sentiment.estimation.record import estimates_file
from sentiment.model.pinned import name_of
from sentiment.serving.flags import flags_file, read_flags
from sentiment.settings import Settings, read_settings

WRITTEN = ("output", "result_file", "tensorboard", "export")  # the options of all verbs that name what they write


def confine(named: str) -> None:
    """Leaves this process what its verb works on; `named` is its encoder, where no option names it."""
    settings, options = read_settings(), click.get_current_context().params
    texts = {name: [*_texts(value)] for name, value in options.items()}
    given = [named, settings.archive, settings.scores, *(text for found in texts.values() for text in found)]
    local = [_path(text) for text in given if text and "://" not in text]
    blobs = (one for path in local for one in _of_the_hub(path))
    inputs = [*local, *blobs, settings.serving, *_of_the_servers(settings, options)]
    outputs = [_path(text) for name in WRITTEN for text in texts.get(name, ()) if "://" not in text]
    confinement.to_a_verb(
        (settings.datasets, settings.runs, settings.own_encoders, settings.scores_folder),
        [path for path in outputs if not path.is_relative_to("/dev") and not path.is_relative_to("/proc")],
        inputs,
        files=_kept_estimates(settings) if "candidate" in options else (),
        buckets=any(text.startswith("s3://") for text in given),
    )


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
    if folder.parent.name == "snapshots":
        yield folder.parents[1] / "blobs"


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
