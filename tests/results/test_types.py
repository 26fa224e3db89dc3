"""Every declared type survives JSON; what is missing, wrong or cut off is one line that names file and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from msgspec import inspect
from support.results import whole_json

from sentiment.errors import InputError
from sentiment.results import record
from sentiment.results.files import FILES, PRINTED
from sentiment.results.record import as_json

KINDS = list(dict.fromkeys(kind for file in (*FILES, *PRINTED) for kind in file.types))
AGAIN = "Run `sentiment verb` again."
NUMBERS = some.integers(0, 10**12)
PLAIN: dict[type, Any] = {
    inspect.BoolType: some.booleans(),
    inspect.StrType: some.text(max_size=9),
    inspect.NoneType: some.none(),
    inspect.AnyType: some.none() | NUMBERS | some.lists(some.text(max_size=3), max_size=2),
}


def values(info: Any) -> Any:
    """Returns a strategy of JSON values of that type."""
    if isinstance(info, inspect.StructType):
        fields = [field for field in info.fields if not _is_unset_alone(field.type)]
        required = {field.encode_name: values(field.type) for field in fields if field.required}
        rest = {field.encode_name: values(field.type) for field in fields if not field.required}
        tag = {info.tag_field: some.just(info.tag)} if info.tag_field else {}
        return some.fixed_dictionaries({**tag, **required}, optional=rest)
    if isinstance(info, inspect.UnionType):
        return some.one_of([values(each) for each in info.types if not _is_unset_alone(each)])
    if isinstance(info, inspect.ListType):
        return some.lists(values(info.item_type), max_size=2)
    if isinstance(info, inspect.TupleType):
        return some.tuples(*map(values, info.item_types)).map(list)
    if isinstance(info, inspect.DictType):
        return some.dictionaries(some.text(max_size=4), values(info.value_type), max_size=2)
    if isinstance(info, inspect.LiteralType):
        return some.sampled_from(info.values)
    if isinstance(info, inspect.IntType):
        return some.integers(info.ge or 0, info.le or 10**12)
    if isinstance(info, inspect.FloatType):
        return some.floats(info.ge or 0, 1 if info.le is None else info.le)
    return PLAIN[type(info)]


def _is_unset_alone(info: Any) -> bool:
    return type(info).__name__ == "UnsetType"


@pytest.mark.parametrize("kind", KINDS)
@given(data=some.data())
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
def test_a_value_survives_json(kind: type[Any], data: some.DataObject) -> None:
    found = data.draw(values(inspect.type_info(kind)))
    value = msgspec.convert(found, kind)
    again = json.loads(json.dumps(as_json(value)))
    assert msgspec.convert(again, kind) == value
    assert set(found) <= set(again)


def required(kind: type[Any]) -> list[str]:
    return [field.encode_name for field in inspect.type_info(kind).fields if field.required]  # type: ignore[attr-defined]


CASES = [(kind, field) for kind in KINDS for field in required(kind)]


def refused(path: Path, kind: type[Any], content: str) -> str:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as error:
        record.read(path, kind, AGAIN)
    told = str(error.value)
    assert told.startswith(str(path)) and told.endswith(AGAIN) and "\n" not in told and len(told) < 600
    return told


@pytest.mark.parametrize(("kind", "field"), CASES)
def test_a_missing_field_is_named(tmp_path: Path, kind: type[Any], field: str) -> None:
    found = whole_json(kind)
    del found[field]
    told = refused(tmp_path / "result.json", kind, json.dumps(found))
    assert f"'s {field} must be there; found nothing." in told


@pytest.mark.parametrize(("kind", "field"), CASES)
def test_a_field_of_another_type_is_named_with_what_was_found(tmp_path: Path, kind: type[Any], field: str) -> None:
    info = next(each for each in inspect.type_info(kind).fields if each.encode_name == field)  # type: ignore[attr-defined]
    parts = getattr(info.type, "types", (info.type,))
    texts = any(isinstance(part, inspect.StrType | inspect.LiteralType) for part in parts)
    wrong = 5 if texts else "fünf"
    told = refused(tmp_path / "result.json", kind, json.dumps({**whole_json(kind), field: wrong}))
    assert f"'s {field} must be " in told and f"found {wrong!r}." in told


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_was_cut_off_is_one_line(tmp_path: Path, kind: type[Any]) -> None:
    whole = json.dumps(whole_json(kind))
    for content in ("", whole[: len(whole) // 2], "[]", "null", "\x00"):
        assert "must be " in refused(tmp_path / "result.json", kind, content)


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_programs_fields_are_passed_over(kind: type[Any]) -> None:
    found = whole_json(kind)
    assert msgspec.convert({**found, "of_tomorrow": [1]}, kind) == msgspec.convert(found, kind)


def test_a_file_that_is_none_of_ours_is_not_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "LARGEST", 4)
    assert "found more than 0 MB" in refused(tmp_path / "result.json", KINDS[0], "{    }")
    with pytest.raises(InputError, match=r"No such file: .*none\.json"):
        record.read(tmp_path / "none.json", KINDS[0], AGAIN)


def test_a_field_deep_within_is_named_with_its_place(tmp_path: Path) -> None:
    from sentiment.results.decision import Gate

    found = whole_json(Gate, checks=[{}, {"value": "high"}])
    told = refused(tmp_path / "gate.json", Gate, json.dumps(found))
    assert "gate.json's checks[1].value must be a number; found 'high'." in told
