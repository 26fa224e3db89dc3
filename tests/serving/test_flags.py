from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from sentiment.errors import InputError
from sentiment.model_server.parameter_files import read_metrics_path
from sentiment.serving.flags import flags_file, overridden, read_flags, value_of
from sentiment.settings import CHECKOUT, Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "flags"


def test_a_home_may_have_its_own_flags(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert flags_file(settings) == CHECKOUT / "serving" / "flags"
    settings.serving.mkdir()
    (settings.serving / "flags").touch()
    assert flags_file(settings) == settings.serving / "flags"


def test_flags_are_the_lines_that_are_no_comment(file: Path) -> None:
    file.write_text("# why\n--a=1\n\n--file={serving}/x\n", encoding="utf-8")
    assert read_flags(file) == ["--a=1", f"--file={file.parent}/x"]
    assert read_flags(file, "/serving") == ["--a=1", "--file=/serving/x"]


@pytest.mark.parametrize("line", ["--a", "a=1", "--a=", "--a=1 --b=2", "--a-b=1", "--A=1", "--a=好"])
def test_what_is_no_flag_is_named_with_its_line(file: Path, line: str) -> None:
    file.write_text(f"# why\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"flags, line 2 must be --name=value, without spaces"):
        read_flags(file)


def test_a_flag_that_comes_twice_and_a_missing_file_are_refused(file: Path) -> None:
    with pytest.raises(InputError, match="must hold the servers' flags"):
        read_flags(file)
    file.write_text("--a=1\n--a=2\n", encoding="utf-8")
    with pytest.raises(InputError, match="must name a flag once; found a again in line 2"):
        read_flags(file)


def test_a_value_can_be_put_in_its_place() -> None:
    flags = ["--port=1", "--file=/with a space"]
    assert overridden(flags, port=2, other="x") == ["--port=2", "--file=/with a space", "--other=x"]
    assert (value_of(flags, "file"), value_of(flags, "none")) == ("/with a space", None)


def test_the_files_that_production_starts_with_are_whole() -> None:
    flags = read_flags(CHECKOUT / "serving" / "flags")
    assert read_metrics_path(Path(str(value_of(flags, "monitoring_config_file")))) == "/monitoring/prometheus/metrics"
    assert not [flag for flag in flags if "batching" in flag], "the exports do it: see sentiment/export/batched.py"


def test_every_flag_has_its_why() -> None:
    """Flags stand in groups, each below the comment that says why."""
    lines = (CHECKOUT / "serving" / "flags").read_text(encoding="utf-8").splitlines()
    assert all(before.startswith(("#", "--")) for before, line in pairwise(lines) if line.startswith("--"))
