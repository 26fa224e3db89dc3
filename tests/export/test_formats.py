from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from sentiment.errors import InputError
from sentiment.export import export
from sentiment.export.formats import FORMATS, MARKS, FormatList, folder_of, require_replaceable, to_make


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("savedmodel", ("savedmodel",)),
        ("tflite,tflite-int8", ("tflite", "tflite-int8")),
        ("['SavedModel', 'tensorRT']", ("savedmodel", "tensorrt")),
    ],
)
def test_a_list_of_formats_is_read(text: str, names: tuple[str, ...]) -> None:
    assert FormatList().convert(text, None, None) == names


@pytest.mark.parametrize("text", ["", "onnx", "tflite,,savedmodel", "tflite int8"])
def test_an_unknown_format_is_named_with_those_that_are_known(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not one of savedmodel, tensorrt, tflite, tflite-int8"):
        FormatList().convert(text, None, None)


def test_tensorrt_brings_the_savedmodel_it_is_made_from() -> None:
    assert to_make(["tensorrt"]) == ("savedmodel", "tensorrt")
    assert to_make(["tflite-int8", "tflite", "tflite"]) == ("tflite", "tflite-int8")
    assert to_make(FORMATS) == FORMATS


def test_every_format_has_a_place_of_its_own_that_no_model_server_takes_for_a_version(tmp_path: Path) -> None:
    places = [folder_of(tmp_path / "7", name) for name in FORMATS]
    assert len(set(places)) == len(FORMATS)
    assert [place.name for place in places if place.name.isdigit()] == ["7"]


@pytest.mark.parametrize("name", FORMATS)
def test_only_an_earlier_export_is_replaced(tmp_path: Path, name: str) -> None:
    place = folder_of(tmp_path / "1", name)
    require_replaceable(tmp_path / "1", [name])
    place.mkdir()
    require_replaceable(tmp_path / "1", [name])
    (place / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="must be a new folder or an earlier export"):
        require_replaceable(tmp_path / "1", [name])
    (place / MARKS[name]).write_bytes(b"earlier")
    require_replaceable(tmp_path / "1", [name])


def test_a_file_is_no_earlier_export(tmp_path: Path) -> None:
    (tmp_path / "1-tflite").write_text("mine", encoding="utf-8")
    require_replaceable(tmp_path / "1")
    with pytest.raises(InputError, match="something else at"):
        require_replaceable(tmp_path / "1", ["tflite"])


@pytest.mark.parametrize("name", FORMATS)
def test_what_came_to_the_output_meanwhile_is_not_deleted(tmp_path: Path, name: str) -> None:
    """As it was, it was only looked at when the command began."""
    theirs = folder_of(tmp_path / "1", name) / "thesis.txt"

    def meanwhile(_: Path) -> dict[str, Any]:
        theirs.parent.mkdir()
        theirs.write_text("mine", encoding="utf-8")
        return {}

    with pytest.raises(InputError, match="must be a new folder or an earlier export"):
        export._written(tmp_path / "1", name, meanwhile)
    assert theirs.read_text(encoding="utf-8") == "mine"
