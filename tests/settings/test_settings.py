"""Every setting: its bounds, its default, and the one line that a wrong value is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentiment.errors import InputError
from sentiment.settings import (
    CHECKOUT,
    GROUPS,
    NOT_FOR_STEPS,
    AirflowSettings,
    Limits,
    Settings,
    read_airflow_settings,
    read_settings,
)
from sentiment.settings.declaration import PREFIX, Declaration, Declared, declarations, read, variables

ALL = [(group, declaration) for group in GROUPS for declaration in declarations(group).values()]
NUMBERS = [(group, item) for group, item in ALL if item.kind.low is not None]
NOT_A_NUMBER = ["much", "1,5", "nan", "0x10", "--1"]
# What a setting that is no number must not be; those that are not here take any text.
WRONG_TEXTS = {
    "SENTIMENT_NIGHTLY": ["soon", "0 2 * *", "0 2 * * * * * *"],
    "SENTIMENT_WATCH": ["5 minutes", "never"],
    "SENTIMENT_FOUR_EYES": ["yes", "1", "On"],
    "SENTIMENT_RUNNER": ["podman", "Docker"],
    "SENTIMENT_RUNNER_GPUS": ["two", "-1", "1000"],
    "SENTIMENT_RUNNER_MEMORY": ["8 bytes", "0", "-8g"],
    "SENTIMENT_RUNNER_SHM": ["much", "0g"],
    "SENTIMENT_RUNNER_MOUNTS": ["models", "/a:/b:rw", "/a,b"],
    "SENTIMENT_ENCODERS": ["", " , "],
    "SENTIMENT_LABELS": ["好", "好,好,壞"],
    "SENTIMENT_SERVING_TOKEN": ["two words", "密碼", "a\nb"],
    "SENTIMENT_LABELS_ENGLISH": ["good", "good,bad"],
    "SENTIMENT_HOME": ["~nobody-of-that-name/home"],
    "SENTIMENT_SCORES": ["~nobody-of-that-name"],
    **{
        f"SENTIMENT_{name.upper()}": ["0.5", "0.5,0.1", "a lot", "0,1.1"]
        for name in declarations(Settings)
        if name.startswith("check_")
    },
}


def names(pairs: list[tuple[type[Declared], Declaration]]) -> list[str]:
    return [declaration.variable for _, declaration in pairs]


def refusal(group: type[Declared], variable: str, text: str) -> str:
    """Returns the line with which a value is refused."""
    with pytest.raises(InputError) as raised:
        read(group, {variable: text})
    return str(raised.value)


@pytest.mark.parametrize(("group", "declaration"), ALL, ids=names(ALL))
def test_a_setting_says_what_it_is_and_its_default_is_allowed(group: type[Declared], declaration: Declaration) -> None:
    assert declaration.meaning[0].isupper() and declaration.meaning.endswith((".", "`."))
    declaration.require(declaration.default)
    assert read(group, {}) == group()
    if declaration.default not in ("", ()) and not declaration.shown_default:
        written = declaration.kind.shown(declaration.default).strip("'")
        assert read(group, {declaration.variable: written}) == group(), "what is shown can be given"


@pytest.mark.parametrize(("group", "declaration"), NUMBERS, ids=names(NUMBERS))
def test_a_number_is_within_its_bounds(group: type[Declared], declaration: Declaration) -> None:
    variable, low, high = declaration.variable, declaration.kind.low, declaration.kind.high
    assert low is not None and high is not None
    for allowed in (low, high):
        read(group, {variable: f"{allowed:.0f}" if allowed == int(allowed) else str(allowed)})
    for wrong in (low - 1, high + 1, -1e300, 1e300):
        line = refusal(group, variable, f"{wrong:.0f}" if wrong == int(wrong) else str(wrong))
        assert line.startswith(f"{variable} must be a ") and "between" in line and "; found " in line


@pytest.mark.parametrize(("group", "declaration"), NUMBERS, ids=names(NUMBERS))
@pytest.mark.parametrize("text", NOT_A_NUMBER)
def test_what_is_not_a_number_is_refused(group: type[Declared], declaration: Declaration, text: str) -> None:
    line = refusal(group, declaration.variable, text)
    assert line.startswith(f"{declaration.variable} must be a ") and text in line and "the default is" in line


@pytest.mark.parametrize(("variable", "text"), [(name, text) for name, texts in WRONG_TEXTS.items() for text in texts])
def test_a_text_that_must_not_be_is_one_line(variable: str, text: str) -> None:
    [group] = [group for group in GROUPS if variable in variables(group)]
    line = refusal(group, variable, text)
    assert "\n" not in line and variable in line and "must" in line and "; found " in line


HUGE = [("x", 100_000), ("9", 400), ("9", 5000), ("/a", 9000), ("1,", 5000)]
CONTROLLING = ["a\nb", "\x1b[31mx", "a\u202eb", "a\udcffb", "a\x85b"]


@pytest.mark.parametrize(("group", "declaration"), ALL, ids=names(ALL))
def test_whatever_a_variable_holds_is_a_value_or_one_short_line(
    group: type[Declared], declaration: Declaration
) -> None:
    for text in [sign * times for sign, times in HUGE] + CONTROLLING:
        try:
            read(group, {declaration.variable: text})
        except InputError as error:
            line = str(error)
            assert declaration.variable in line or "a label" in line, text[:20]
            assert len(line) < 1500 and line.isprintable(), text[:20]
        else:
            assert text not in CONTROLLING and len(text) < 20_001


def test_what_would_be_shown_holds_no_password() -> None:
    line = refusal(Settings, "SENTIMENT_SERVING_URLS", "http://ops:s3cret@127.0.0.1:8501")
    assert "without a user or a password" in line and "s3cret" not in line


def test_links_in_a_ring_are_no_home(tmp_path: Path) -> None:
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    assert "SENTIMENT_HOME must be a folder's path" in refusal(Settings, "SENTIMENT_HOME", str(tmp_path / "ring"))


def test_every_variable_has_one_reader() -> None:
    found = names(ALL)
    assert len(found) == len(set(found)) == 61 + 18 + 13 + 1
    assert all(re.fullmatch(r"SENTIMENT_[A-Z_]+[A-Z]", name) for name in found)


def test_an_empty_variable_is_none_on_airflows_side_and_an_empty_text_for_a_step() -> None:
    assert read_airflow_settings(environment={"SENTIMENT_APPROVAL_HOURS": " "}) == AirflowSettings()
    assert read_settings({"SENTIMENT_SERVING_URLS": ""}).server_addresses == ()
    assert "found ''" in refusal(Settings, "SENTIMENT_GATE_FLOOR", "")


def test_values_are_read_into_what_they_mean() -> None:
    given = {"SENTIMENT_CHECK_LONG": " 0.1 , off", "SENTIMENT_ROLLING_CAP": "7", "SENTIMENT_HOME": "~/x/../y"}
    settings = read_settings(given)
    assert (settings.check_long, settings.rolling_cap) == (Limits(0.1, None), 7)
    assert settings.home == Path.home() / "y"
    mails = {"SENTIMENT_MAIL_TO": "ann@example.com, bob@example.com,", "SENTIMENT_DEADLINE_HOURS": "off"}
    found = read_airflow_settings(environment=mails)
    assert (found.mail_to, found.deadline_hours) == (("ann@example.com", "bob@example.com"), 0)


def test_only_what_is_asked_for_is_read() -> None:
    wrong = {"SENTIMENT_MAIL_QUIET_HOURS": "soon", "SENTIMENT_MAIL_TO": "ann@example.com"}
    assert read_airflow_settings("mail_to", environment=wrong).mail_to == ("ann@example.com",)
    with pytest.raises(InputError, match="SENTIMENT_MAIL_QUIET_HOURS must be a number"):
        read_airflow_settings(environment=wrong)


def test_settings_that_are_made_in_code_are_checked_too() -> None:
    with pytest.raises(InputError, match="SENTIMENT_GATE_FLOOR must be a number between 0 and 1; found 2"):
        Settings(gate_floor=2)


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("SENTIMENT_GATE_MARGN", "SENTIMENT_GATE_MARGIN"),
        ("SENTIMENT_APROVERS", "SENTIMENT_APPROVERS"),
        ("SENTIMENT_RUNER_IMAGE", "SENTIMENT_RUNNER_IMAGE"),
    ],
)
def test_a_misspelt_name_is_told_with_what_it_may_mean(variable: str, meant: str) -> None:
    with pytest.raises(InputError, match=rf"found {variable}\. Did you mean .*{meant}\b.*\?"):
        read_settings({variable: "1"})
    with pytest.raises(InputError, match=r"found SENTIMENT_X\. Correct its name, or unset it"):
        read_settings({"SENTIMENT_X": "1"})


def test_a_step_takes_the_names_of_airflows_settings_and_reads_none_of_them() -> None:
    assert read_settings(dict.fromkeys(NOT_FOR_STEPS, "whatever")) == Settings()


def sources() -> Iterator[Path]:
    for folder in ("sentiment", "plugins", "dags", "docker"):
        yield from sorted((CHECKOUT / folder).rglob("*.py"))


def _strings(source: str) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, node.value


def test_every_setting_that_the_code_names_exists() -> None:
    """Also in messages: advice to set a variable that nobody reads would send people astray."""
    known = frozenset[str]().union(*map(variables, GROUPS))
    for path in sources():
        for _, text in _strings(path.read_text(encoding="utf-8")):
            found = set(re.findall(r"SENTIMENT_[A-Z]+(?:_[A-Z]+)*\b(?!_)", text))
            assert found <= known, f"{path}: {found - known}"


def test_settings_are_read_in_their_package_alone() -> None:
    """Elsewhere no `os.environ[…]`, `environ.get(…)` or `getenv(…)` names one of them."""
    for path in sources():
        if path.is_relative_to(CHECKOUT / "sentiment" / "settings"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            asked: list[ast.expr] = []
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("get", "getenv", "pop")):
                asked = node.args[:1]
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                asked = [node.slice]
            names = [item.value for item in asked if isinstance(item, ast.Constant)]
            assert not [name for name in names if str(name).startswith(PREFIX)], f"{path}:{node.lineno}"  # type: ignore[attr-defined]


def test_any_python_can_read_them() -> None:
    """`-S`: without a single installed package."""
    source = (
        "import sys; from sentiment import settings; print(settings.read_settings({}).home, 'click' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", source], capture_output=True, text=True, cwd=CHECKOUT, check=True
    )
    assert done.stdout.split() == [str(CHECKOUT), "False"]


def test_the_stack_sets_what_exists() -> None:
    source = (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8")
    source += (CHECKOUT / "docker" / "airflow.Dockerfile").read_text(encoding="utf-8")
    known = frozenset[str]().union(*map(variables, GROUPS))
    assert set(re.findall(r"^ *(SENTIMENT_[A-Z_]+)[:=]", source, re.MULTILINE)) <= known
