"""The fields of Airflow's forms, made of the options that they are filled in for, in the language spoken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import Param

from sentiment.language import tr
from sentiment.options.declaration import Field, Option
from sentiment_airflow.forms.numbers import written
from sentiment_airflow.people import shown_as

LAST_VERSION = 10**15  # of a form: no history comes so far


def fields(*options: Option) -> dict[str, Param]:
    """Returns the fields of options by their names."""
    return {option.name: field(option) for option in options}


def in_section(section: str, made: Mapping[str, Param]) -> dict[str, Param]:
    """Returns the fields, which Airflow's form shows together below the section's name."""
    for one in made.values():
        one.schema["section"] = section
    return dict(made)


def field(option: Option, **more: Any) -> Param:
    """Returns the field of an option: its type, its bounds, its words, and `more` demands of JSON Schema.

    One without a default may be left empty. Airflow shows one without a `type` as a field for text.
    """
    form = form_of(option)
    may_be_empty = form.default is None
    if issubclass(option.kind, str):
        demands: dict[str, Any] = {"type": ["null", "string"] if may_be_empty else "string"}
    else:
        demands = written(option.kind, bounds(option), may_be_empty=may_be_empty)
    if option.choices:
        demands |= {"enum": list(option.choices), **names_of(option.choices, form.names)}
    return made_of(option, **demands, **{**form.schema, **more})


def tick(option: Option) -> Param:
    """Returns the field of a yes-or-no option."""
    return made_of(option, type="boolean")


def lines(option: Option, **demands: Any) -> Param:
    """Returns a field with one value per line; Airflow shows it so if the items are text or have no `type`."""
    return made_of(option, **{"type": "array", "minItems": 1, **form_of(option).schema, **demands})


def version_field(description: str) -> Param:
    """Returns the field of a version that may be left empty; the description says which one that is."""
    return Param(
        None, type=["null", "integer"], minimum=1, maximum=LAST_VERSION, title=tr("Version"), description=description
    )


def one_of(names: Sequence[str], *, may_be_empty: bool = False) -> dict[str, Any]:
    """Returns the demand of JSON Schema that a value is one of these; no demand when there are none."""
    if not names:
        return {}
    return (
        {"enum": [None, *names], "values_display": {"null": tr("default")}} if may_be_empty else {"enum": list(names)}
    )


def names_of(choices: Sequence[str], names: Mapping[str, str]) -> dict[str, Any]:
    """Returns the names that a form shows for values, in a language that shows more than the values themselves."""
    shown = {choice: shown_as(choice, names[choice]) for choice in choices if choice in names}
    return {"values_display": shown} if any(choice != name for choice, name in shown.items()) else {}


def made_of(option: Option, **demands: Any) -> Param:
    """Returns a field with the words and the default of an option, and with these demands of JSON Schema."""
    form = form_of(option)
    description = tr(form.description, default=option.default)
    return Param(form.default, title=tr(form.title), description=description, **demands)


def bounds(option: Option) -> dict[str, float]:
    """Returns the bounds of a number: the form's own, or else the command's."""
    form = form_of(option)
    low = option.low if form.low is None else form.low
    high = option.high if form.high is None else form.high
    return {name: value for name, value in (("minimum", low), ("maximum", high)) if value is not None}


def form_of(option: Option) -> Field:
    assert option.form is not None, f"{option.name} must be declared with a form"
    return option.form
