"""Stand-ins for the wheel of tensorrt-libs, with the same names in it: nobody may hand out the real one."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

NAME = "tensorrt_libs-8.6.1-py2.py3-none-manylinux_2_17_x86_64.whl"
LIBRARIES = ("libnvinfer.so.8", "libnvinfer_plugin.so.8", "libnvonnxparser.so.8")
NO_LIBRARY = b"\x7fELF, and no more"


def make_wheel(file: Path, libraries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tensorrt_libs/__init__.py", "")
        for name, content in libraries.items():
            archive.writestr(f"tensorrt_libs/{name}", content)
        archive.writestr("tensorrt_libs-8.6.1.dist-info/METADATA", "Name: tensorrt-libs\nVersion: 8.6.1\n")
    return file


def loadable(folder: Path) -> dict[str, bytes]:
    """Returns libraries that can be opened, and that say which version of TensorRT they are; needs a C compiler."""
    source = folder / "version.c"
    source.write_text("int getInferLibVersion(void) { return 8601; }\n", encoding="ascii")
    made = {}
    for name in LIBRARIES:
        library = folder / name
        subprocess.run(["cc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", library, source], check=True)
        made[name] = library.read_bytes()
    return made
