"""What an edit of models.config by hand asks for, and what of it cannot be adopted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.histories import fold_of

from sentiment.errors import InputError
from sentiment.serving import edit, models_config
from sentiment.serving.edit import Wanted
from sentiment.serving.state import State
from sentiment.settings import Settings

SETTINGS = Settings(home=Path("/srv"), serving_base_path="/models/sentiment")
STEPS = ("published", "staged", "canary", "promoted")


def state(*more: str) -> State:
    """Versions 1 and 2 were stable, 3 is the canary, 4 is published, 5 pruned; then `more`, as `"withdrawn 3"`."""
    events: list[dict[str, Any]] = [{"event": name, "version": number} for number in (1, 2) for name in STEPS]
    steps = ["published 3", "staged 3", "canary 3", "published 4", "published 5", "pruned 5", *more]
    return fold_of([*events, *({"event": step.split()[0], "version": int(step.split()[1])} for step in steps)])


def config(*versions: int, policy: str = "", extra: str = "", base: str = "/models/sentiment", **labels: int) -> str:
    """Returns a configuration as the older tool's users write it."""
    policy = policy or "specific: { " + " ".join(f"versions: {version}" for version in versions) + " }"
    lines = "".join(f'version_labels: {{ key: "{label}", value: {number} }},\n' for label, number in labels.items())
    return f"""model_config_list {{ config {{ name: 'sentiment', base_path: '{base}', model_platform: 'tensorflow'
        model_version_policy: {{ {policy} }}, {lines} {extra} }} }}"""


def test_the_rendered_file_is_no_edit_and_anything_else_is(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert edit.edited(settings) is None
    settings.models_config.parent.mkdir(parents=True)
    text = models_config.rendered(state(), settings)
    for changed in ("", text + "\n", text.replace("\n", "\r\n"), text.replace("value: 2", "value: 3"), "\xff"):
        settings.models_config.write_bytes(changed.encode("latin-1"))
        assert edit.edited(settings) is not None
    settings.models_config.write_text(text)
    assert edit.edited(settings) is None


def test_the_difference_is_what_the_file_says_against_what_the_history_says() -> None:
    text = models_config.rendered(state(), SETTINGS).replace("value: 2", "value: 3")
    lines = edit.difference(text, state(), SETTINGS).splitlines()
    assert lines[:2] == ["--- models.config as the history says", "+++ models.config as it is"]
    changed = [line for line in lines[2:] if line.startswith(("-", "+"))]
    assert [(line[0], line[1:].strip()) for line in changed] == [("-", "value: 2"), ("+", "value: 3")]


def test_an_edit_of_the_first_line_alone_has_no_difference() -> None:
    text = models_config.rendered(state(), SETTINGS).split("\n", 1)[1]
    assert models_config.edited_by_hand(text)
    assert edit.difference(text, state(), SETTINGS) == ""


@pytest.mark.parametrize(
    ("text", "asks_for"),
    [
        (config(1, 2, 3, stable=2, canary=3), Wanted(2, 3, 1)),
        (config(1, 2, 3, stable=3), Wanted(3, None, 2)),
        (config(2, 3, base="/models/sentiment/", stable=3), Wanted(3, None, 2)),
        (config(3, stable=3), Wanted(3, None, None)),
        (config(1, 3, stable=1, canary=3), Wanted(1, 3, None)),
        (config(1, 2, stable=1, canary=2), Wanted(1, 2, None)),
        (config(1, 2, 4, stable=2, canary=4), Wanted(2, 4, 1)),
        (config(2, 4, stable=4), Wanted(4, None, 2)),
    ],
    ids=[
        "as it was",
        "promoted",
        "with a slash",
        "nothing kept",
        "rolled back",
        "back, new canary",
        "other",
        "straight",
    ],
)
def test_labels_by_hand_are_read(text: str, asks_for: Wanted) -> None:
    assert edit.wanted(text, state(), SETTINGS) == asks_for


def test_a_promotion_as_the_older_tool_does_it_leaves_the_label_canary_behind() -> None:
    wanted = edit.wanted(config(1, 2, 3, stable=3, canary=3), state(), SETTINGS)
    assert (wanted.stable, wanted.canary, wanted.kept) == (3, None, 2)
    assert "the label canary on the same version" in wanted.dropped


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("model_config_list {", "must be a ModelServerConfig text proto"),
        ("", "it must serve only sentiment; found nothing"),
        (config(1, 2, stable=2).replace("'sentiment'", "'other'"), "it must serve only sentiment; found other"),
        (config(2, stable=2, extra="} config { name: 'b'"), "it must serve only sentiment; found sentiment, b"),
        (config(2, base="/elsewhere", stable=2), "its base_path must be /models/sentiment; found /elsewhere"),
        (config(2, stable=2).replace("tensorflow", "pytorch"), "must be tensorflow; found 'pytorch'"),
        (config(policy="latest: { num_versions: 1 }", stable=2), "must be specific; found latest"),
        (config(policy="all: {}", stable=2), "must be specific; found all"),
        (
            config(policy="", stable=2).replace("model_version_policy: { specific: {  } },", ""),
            "found none, which means",
        ),
        (config(2, 3, stable=2, steady=3), "must be stable and canary; found stable, steady"),
        (config(2, 9, stable=2, canary=9), "published and not pruned; found version 9"),
        (config(2, 5, stable=2, canary=5), "published and not pruned; found version 5"),
        (config(2, stable=2, canary=3), "on a version that it serves; found canary on version 3"),
        (config(2, 3, canary=3), "which version is stable; found no label stable"),
        (config(2, 4, stable=2), "must have a label; found version 4 without one"),
        (config(2, stable=2, extra="logging_config { sampling_config { sampling_rate: 1 } }"), "found logging_config"),
    ],
)
def test_what_cannot_be_adopted_is_refused_in_one_line(text: str, refusal: str) -> None:
    with pytest.raises(InputError) as caught:
        edit.wanted(text, state(), SETTINGS)
    assert refusal in str(caught.value)
    assert "\n" not in str(caught.value)
