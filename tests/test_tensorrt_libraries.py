"""docker/tensorrt/place.py, run as the image's build runs it, with stand-ins for TensorRT's libraries."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.tensorrt_wheel import LIBRARIES, NAME, NO_LIBRARY, loadable, make_wheel

SCRIPT = Path(__file__).resolve().parents[1] / "docker" / "tensorrt" / "place.py"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


def place(wheels: Path, site_packages: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the script; what it places lies in `placed` beside `wheels`."""
    target = wheels.parent / "placed"
    command = [sys.executable, str(SCRIPT), str(wheels), str(site_packages or wheels.parent), str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_libraries_get_the_names_by_which_they_are_opened_and_cuda_beside_them(wheels: Path) -> None:
    make_wheel(wheels / NAME, dict.fromkeys(LIBRARIES, NO_LIBRARY))
    site_packages = wheels.parent / "site-packages"
    for name in ("cublas/lib/libcublas.so.12", "cudnn/lib/libcudnn.so.8", "cudnn/lib/__init__.py"):
        (site_packages / "nvidia" / name).parent.mkdir(parents=True, exist_ok=True)
        (site_packages / "nvidia" / name).write_bytes(b"")
    done = place(wheels, site_packages)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"TensorRT: 3 libraries of {NAME} (sha256 ") and "2 of CUDA" in done.stdout
    placed = {path.name: path.resolve().name for path in (wheels.parent / "placed").iterdir()}
    assert placed == {
        **{name: name for name in LIBRARIES},
        "libnvinfer.so.8.6.1": "libnvinfer.so.8",
        "libnvinfer_plugin.so.8.6.1": "libnvinfer_plugin.so.8",
        "libcublas.so.12": "libcublas.so.12",
        "libcudnn.so.8": "libcudnn.so.8",
    }


@pytest.mark.skipif(not shutil.which("cc"), reason="the stand-ins need a C compiler")
def test_tensorflow_opens_what_was_placed(wheels: Path, tmp_path: Path) -> None:
    script = (
        "import tensorflow; from tensorflow.compiler.tf2tensorrt import _pywrap_py_utils as trt\n"
        "print(trt.is_tensorrt_enabled(), trt.get_loaded_tensorrt_version())"
    )
    make_wheel(wheels / NAME, loadable(tmp_path))
    assert place(wheels).returncode == 0
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path / "placed"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    asked = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert asked.stdout.strip() == "True (8, 6, 1)", asked.stderr[-500:]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], "no wheel"),
        (["tensorrt_libs-10.0.1-py2.py3-none-manylinux_2_17_x86_64.whl"], "tensorrt_libs-10.0.1-"),
        (["tensorrt_bindings-8.6.1-cp311-none-manylinux_2_17_x86_64.whl"], "tensorrt_bindings-8.6.1-"),
        (["tensorrt_libs-8.6.1-py2.py3-none-win_amd64.whl"], "tensorrt_libs-8.6.1-py2.py3-none-win_amd64"),
        ([NAME, NAME.replace("8.6.1", "8.6.1.post1")], f"{NAME}, tensorrt_libs-8.6.1.post1-"),
    ],
)
def test_a_missing_and_a_wrong_wheel_are_one_line(wheels: Path, names: list[str], found: str) -> None:
    for name in names:
        make_wheel(wheels / name, dict.fromkeys(LIBRARIES, NO_LIBRARY))
    refused = place(wheels)
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
    assert "must hold one wheel of tensorrt-libs 8.6.1 for x86_64; found " + found in refused.stderr
    assert "Put tensorrt_libs-8.6.1-" in refused.stderr


def test_a_damaged_wheel_and_one_without_the_libraries_are_one_line(wheels: Path) -> None:
    (wheels / NAME).write_bytes(b"half of a download")
    damaged = place(wheels)
    assert damaged.returncode == 2 and damaged.stderr.count("\n") == 1
    assert f"{NAME} must be a whole wheel; found a damaged one" in damaged.stderr
    make_wheel(wheels / NAME, {"libnvinfer.so.8": b"version https://git-lfs", "libnvinfer_plugin.so.8": NO_LIBRARY})
    empty = place(wheels)
    assert empty.returncode == 2 and "found no libnvinfer.so.8. Fetch tensorrt-libs 8.6.1" in empty.stderr
