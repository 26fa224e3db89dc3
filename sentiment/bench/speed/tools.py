"""The environment that holds PyTorch and what goes with it, for comparisons alone: `make bench-tools` makes it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from sentiment.errors import InputError
from sentiment.settings import CHECKOUT

PYTHON = CHECKOUT / ".venv-bench" / "bin" / "python"
HOW = "`make bench-tools` installs PyTorch, ONNX Runtime, OpenVINO and Ray Serve for this bench"
HELP = "Python with PyTorch. [default: that of `make bench-tools`]"
PACKAGES = ("torch", "transformers", "onnxruntime", "openvino", "fastapi", "ray", "tensorflow")
LOOK = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def python_of(named: Path | None) -> Path | None:
    """Returns the Python of that environment; None when nobody has made it. Raises: InputError for a wrong name."""
    if named is not None and not named.is_file():
        raise InputError("--tools must be the Python of an environment with PyTorch", found=f"no {named}", do=HOW + ".")
    return named or (PYTHON if PYTHON.is_file() else None)


def versions_of(python: Path) -> dict[str, str]:
    """Returns the versions of the packages that are there. Raises: InputError when it is no Python."""
    try:
        told = subprocess.run([python, "-E", "-s", "-c", LOOK, *PACKAGES], capture_output=True, text=True, check=True)
        found: dict[str, str] = json.loads(told.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise InputError("--tools must be a Python that runs", found=f"{python}: {error}", do=HOW + ".") from None
    return found


def script(python: Path | str, name: str) -> list[str]:
    """Returns the command of one of the scripts in `others/`, by another Python or by this one."""
    return [str(python), "-E", "-s", str(Path(__file__).parent / "others" / f"{name}.py")]
