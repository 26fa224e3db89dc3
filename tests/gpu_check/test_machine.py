"""What a machine lacks, in a sentence with what to do about it. No GPU is needed: the machines are made up."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from sentiment.gpu_check import look, machine
from sentiment.gpu_check.machine import Gpu, Machine

H100, V100, OLD = Gpu("H100", (9, 0)), Gpu("V100", (7, 0)), Gpu("GTX 1080", (6, 1))
FULL = Machine(tensorflow="2.17.1", driver="12.4", gpus=[H100, V100], tensorrt_linked="8.6.1", tensorrt="8.6.1")
NEEDS = (
    machine.no_driver,
    machine.no_cuda,
    machine.no_gpu,
    machine.no_second_gpu,
    machine.no_fast_16_bits,
    machine.no_tensorrt_libraries,
    machine.no_tensorrt,
)


def test_a_machine_with_everything_lacks_nothing() -> None:
    assert [lacks(FULL) for lacks in NEEDS] == [None] * len(NEEDS)


@pytest.mark.parametrize(
    ("changes", "lacks", "told", "to_do"),
    [
        (
            {"driver": None, "driver_said": "no libcuda", "gpus": []},
            machine.no_gpu,
            "no GPU driver (no libcuda)",
            "--gpus all",
        ),
        ({"cuda_missing": ["libcudnn.so.8"], "gpus": []}, machine.no_gpu, "finds no libcudnn.so.8", "DEVICE=gpu"),
        ({"gpus": []}, machine.no_gpu, "(CUDA 12.4) and CUDA's libraries are there, but", "nvidia-smi"),
        ({"gpus": [H100]}, machine.no_second_gpu, "one GPU only (H100)", "a machine with two"),
        ({"gpus": []}, machine.no_second_gpu, "sees no GPU", "nvidia-smi"),
        ({"gpus": [H100, OLD]}, machine.no_fast_16_bits, "GTX 1080 has compute capability 6.1", "newer GPU"),
        (
            {"tensorrt": None, "tensorrt_said": "libnvinfer.so.8.6.1: cannot open"},
            machine.no_tensorrt,
            "cannot open TensorRT 8.6.1 (libnvinfer.so.8.6.1: cannot open)",
            "docker/tensorrt",
        ),
        ({"tensorrt": None, "gpus": []}, machine.no_tensorrt, "sees no GPU", "nvidia-smi"),
        ({"tensorrt": None, "gpus": []}, machine.no_tensorrt_libraries, "cannot open TensorRT", "docker/tensorrt"),
    ],
)
def test_what_is_missing_is_told_with_what_to_do(
    changes: dict[str, object], lacks: Callable[[Machine], str | None], told: str, to_do: str
) -> None:
    said = lacks(structs.replace(FULL, **changes))
    assert said and told in said and to_do in said and said.endswith(".")


@pytest.mark.skipif(not shutil.which("cc"), reason="the stand-in for a driver needs a C compiler")
@pytest.mark.parametrize(
    ("body", "found"), [("*v = 12040; return 0;", ("12.4", "")), ("return 100;", (None, "answers with error 100"))]
)
def test_the_driver_is_asked_which_cuda_it_knows(tmp_path: Path, body: str, found: tuple[str | None, str]) -> None:
    source, library = tmp_path / "driver.c", tmp_path / "libcuda.so.1"
    source.write_text(f"int cuDriverGetVersion(int *v) {{ {body} }}\n", encoding="ascii")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    version, said = look.driver_version(str(library))
    assert version == found[0] and found[1] in said


def test_a_driver_that_is_not_there_or_is_none_is_told() -> None:
    missing = look.driver_version("libcuda-of-nobody.so.1")
    assert missing[0] is None and "cannot open shared object file" in missing[1]
    other = look.driver_version("libc.so.6")
    assert other[0] is None and "cuDriverGetVersion" in other[1]


def test_a_library_is_looked_for_by_the_loader_and_in_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look.is_there("libc.so.6") and not look.is_there("libcufft-of-nobody.so.11")
    monkeypatch.setattr("sysconfig.get_paths", lambda: {"purelib": str(tmp_path)})
    (tmp_path / "nvidia" / "cufft" / "lib").mkdir(parents=True)
    (tmp_path / "nvidia" / "cufft" / "lib" / "libcufft-of-nobody.so.11").touch()
    assert look.is_there("libcufft-of-nobody.so.11")
