"""Puts TensorRT's libraries where TensorFlow 2.17 and they themselves look for them, while the image is built.

    python3 place.py WHEELS SITE_PACKAGES TARGET

WHEELS is a folder with one wheel of tensorrt-libs 8.6.1. TARGET, which the image names in LD_LIBRARY_PATH, gets

- the libraries of the wheel;
- `libnvinfer.so.8.6.1` and `libnvinfer_plugin.so.8.6.1`, the names by which TensorFlow opens them (the wheel has only
  `.so.8`);
- links to CUDA's libraries in SITE_PACKAGES: TensorFlow finds them beside itself, TensorRT does not.

The exit code is 2, with one line on stderr, when the wheel is missing or another one. Standard library only.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from pathlib import Path

VERSION = "8.6.1"  # that TensorFlow 2.17 is linked with; it refuses an older one, and another major version
PACKAGE = "tensorrt_libs"
OPENED = ("libnvinfer.so", "libnvinfer_plugin.so")
ELF = b"\x7fELF"
BLOCK = 1 << 20


class Refused(Exception):
    """A wheel that cannot be used; the text is the line for the user."""


def place(wheels: Path, site_packages: Path, target: Path) -> str:
    """Fills `target` and returns a line that says what is in it. Raises: Refused."""
    wheel = the_wheel(wheels)
    target.mkdir(parents=True, exist_ok=True)
    names = unpack(wheel, target)
    for name in OPENED:
        (target / f"{name}.{VERSION}").symlink_to(f"{name}.8")
    cuda = [path for path in sorted(site_packages.glob("nvidia/*/lib/*.so*")) if not (target / path.name).exists()]
    for library in cuda:
        (target / library.name).symlink_to(library)
    with wheel.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return f"TensorRT: {len(names)} libraries of {wheel.name} (sha256 {digest}), {len(cuda)} of CUDA beside them"


def the_wheel(wheels: Path) -> Path:
    """Returns the one wheel to use. Raises: Refused."""
    found = sorted(wheels.glob("*.whl"))
    fitting = [path for path in found if version_of(path) == VERSION]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(path.name for path in found) or "no wheel"
    raise Refused(
        f"docker/tensorrt must hold one wheel of tensorrt-libs {VERSION} for x86_64; found {names}."
        f" Put {PACKAGE}-{VERSION}-py2.py3-none-manylinux_2_17_x86_64.whl there, or build with TENSORRT=no."
    )


def version_of(wheel: Path) -> str | None:
    """Returns the release of tensorrt-libs for this machine that a file's name claims; None for any other file."""
    package, _, rest = wheel.name.partition("-")
    return rest.split("-")[0].split(".post")[0] if package == PACKAGE and rest.endswith("x86_64.whl") else None


def unpack(wheel: Path, target: Path) -> list[str]:
    """Writes the wheel's libraries into `target` and returns their names. Raises: Refused."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            libraries = [name for name in archive.namelist() if name.startswith(f"{PACKAGE}/lib") and ".so" in name]
            for name in libraries:
                with archive.open(name) as source, (target / Path(name).name).open("wb") as copy:
                    shutil.copyfileobj(source, copy, BLOCK)
    except zipfile.BadZipFile as error:
        raise Refused(f"{wheel.name} must be a whole wheel; found a damaged one ({error}). Fetch it again.") from error
    wanted = [f"{name}.8" for name in OPENED]
    if missing := [name for name in wanted if not is_library(target / name)]:
        raise Refused(
            f"{wheel.name} must hold the libraries {', '.join(wanted)}; found no {', no '.join(missing)}."
            f" Fetch tensorrt-libs {VERSION} for Linux."
        )
    return [Path(name).name for name in libraries]


def is_library(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(len(ELF)) == ELF


if __name__ == "__main__":
    try:
        print(place(*map(Path, sys.argv[1:4])))
    except Refused as refused:
        print(f"TensorRT: {refused}", file=sys.stderr)
        sys.exit(2)
