"""The folder of posts without labels that the home's own encoder learns from."""

from __future__ import annotations

from pathlib import Path

from sentiment.errors import InputError, NoSuchFile

SUFFIX = ".txt"


def files_in(folder: Path) -> list[Path]:
    """Returns the corpus's files, in the order of their names; hidden ones, and what is no `.txt`, are none of it.

    Raises: InputError when there is no such folder, or it holds no corpus.
    """
    if not folder.is_dir():
        raise NoSuchFile(
            folder,
            kind="folder",
            must_hold="SENTIMENT_PRETRAIN_CORPUS must name a folder that the step can read",
            do="Make it, or name another one. A container sees SENTIMENT_HOME and SENTIMENT_RUNNER_MOUNTS alone.",
        )
    names = (path.relative_to(folder) for path in folder.rglob(f"*{SUFFIX}"))
    found = sorted(name for name in names if not any(part.startswith(".") for part in name.parts))
    files = [folder / name for name in found if (folder / name).is_file()]
    if not files:
        raise InputError(
            f"SENTIMENT_PRETRAIN_CORPUS must name a folder with files *{SUFFIX} in it",
            found=f"none in {folder}",
            do="Put posts there, UTF-8, one a line.",
        )
    return files
