"""The arithmetic of matrix products follows the processor, unless somebody chose it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sentiment.model import arithmetic

AMX = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx512_bf16 amx_bf16\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16\n"
ZEN = "processor\t: 0\nflags\t\t: fpu avx512_bf16 avx512_vnni\n"  # oneDNN multiplies float32 as such there
OLD = "processor\t: 0\nmodel name\t: bf16 amx_bf16\nflags\t\t: fpu avx2 avx512_bf16x\n"


@pytest.mark.parametrize(("told", "native"), [(AMX, True), (ARM, True), (ZEN, False), (OLD, False), ("", False)])
def test_only_a_processor_that_multiplies_bfloat16_is_asked_to(
    told: str, native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(arithmetic.VARIABLE)
    (tmp_path / "cpuinfo").write_text(told, encoding="utf-8")
    monkeypatch.setattr(arithmetic, "PROCESSORS", tmp_path / "cpuinfo")
    assert arithmetic.use("auto") == ("bfloat16" if native else "float32")
    assert os.environ[arithmetic.VARIABLE] == ("BF16" if native else "STRICT")
    assert arithmetic.use("auto") == ("bfloat16" if native else "float32"), "what the environment says stands"
    assert arithmetic.use("float32") == "float32" and os.environ[arithmetic.VARIABLE] == "STRICT"
    assert arithmetic.use("bfloat16") == "bfloat16"


def test_without_a_list_of_processors_it_is_float32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(arithmetic.VARIABLE)
    monkeypatch.setattr(arithmetic, "PROCESSORS", tmp_path / "none")
    assert arithmetic.use("auto") == "float32"
