"""Notices an edit of `models.config` by hand, shows it as a diff, and reads the labels that it asks for.

`sentiment status --restore-config` discards it; `sentiment status --adopt-config` records it in the history, if it
only says which published versions are stable and canary.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.serving import made_from, models_config
from sentiment.serving.rules import with_stable
from sentiment.serving.state import State
from sentiment.settings import Settings

ADOPTABLE = frozenset({"name", "base_path", "model_platform", "model_version_policy", "version_labels"})
WAYS_OUT = (
    "Look at it with `sentiment status`, then keep it with `sentiment status --adopt-config` or discard it with "
    "`sentiment status --restore-config`."
)


@dataclass(frozen=True)
class Wanted:
    """What an edit asks for: versions by label, and the earlier stable one that stays loaded."""

    stable: int | None
    canary: int | None
    kept: int | None
    dropped: str = ""  # what the history cannot record, and nobody will miss

    @property
    def served(self) -> tuple[int, ...]:
        return tuple(sorted({v for v in (self.stable, self.canary, self.kept) if v is not None}))


def edited(settings: Settings) -> str | None:
    """Returns the text of a `models.config` that was edited by hand, or None."""
    text = models_config.read(settings.models_config)
    return text if text is not None and models_config.edited_by_hand(text) else None


def require_none(settings: Settings) -> None:
    """Raises: InputError when somebody edited the file by hand, and nobody has adopted or discarded the edit."""
    if edited(settings) is not None:
        raise InputError(
            f"{settings.models_config} must be as it was rendered from the history",
            found="an edit by hand",
            do=WAYS_OUT,
        )


def difference(text: str, state: State, settings: Settings) -> str:
    """Returns the edit as a unified diff, without the rendered file's first lines, which are digests."""
    says, found = (
        [line for line in side.splitlines() if not line.startswith((models_config.MARK, made_from.EVENT))]
        for side in (models_config.rendered(state, settings), text)
    )
    names = ("models.config as the history says", "models.config as it is")
    return "\n".join(difflib.unified_diff(says, found, *names, lineterm=""))


def wanted(text: str, state: State, settings: Settings) -> Wanted:
    """Returns what an edit asks for.

    Raises: InputError when something cannot be adopted: another model, path, policy or label; a version that was
    never published or is pruned; a served version that has no label and was not served before.
    """
    model = _only_model(text, settings)
    versions, labels = _versions(model), dict(model.version_labels)
    _require(labels.keys() <= {"stable", "canary"}, "its labels must be stable and canary", ", ".join(sorted(labels)))
    for number in sorted({*versions, *labels.values()}):
        version = state.versions.get(number)
        known = version is not None and version.condition != "pruned"
        _require(known, "its versions must be published and not pruned", f"version {number}")
    for label, number in labels.items():
        _require(number in versions, "a label must be on a version that it serves", f"{label} on version {number}")
    stable, canary = labels.get("stable"), labels.get("canary")
    _require(stable is not None or state.stable is None, "it must say which version is stable", "no label stable")
    stables, _ = with_stable(state.stables, stable)
    previous = stables[-2] if len(stables) > 1 else None
    for number in sorted(versions - {stable, canary, previous, *state.served}):
        _require(False, "a version that it adds must have a label", f"version {number} without one")
    twice = canary is not None and canary == stable
    return Wanted(
        stable,
        canary=None if twice else canary,
        kept=previous if previous in versions else None,
        dropped=tr("the label canary on the same version is dropped") if twice else "",
    )


def _only_model(text: str, settings: Settings) -> Any:
    """Returns the one model's configuration. Raises: InputError when the file says anything else."""
    config = models_config.parse(text, settings.models_config)
    models = config.model_config_list.config
    names = [model.name for model in models]
    _require(names == [settings.model_name], f"it must serve only {settings.model_name}", ", ".join(names) or "nothing")
    model = models[0]
    others = sorted({field.name for field, _ in model.ListFields()} - ADOPTABLE)
    _require(not others, f"it may only set {', '.join(sorted(ADOPTABLE))}", ", ".join(others))
    expected = settings.base_path_for_servers
    _require(model.base_path.rstrip("/") == expected.rstrip("/"), f"its base_path must be {expected}", model.base_path)
    _require(model.model_platform == "tensorflow", "its model_platform must be tensorflow", repr(model.model_platform))
    return model


def _versions(model: Any) -> set[int]:
    policy = model.model_version_policy.WhichOneof("policy_choice")
    _require(policy == "specific", "its model_version_policy must be specific", policy or "none, which means latest")
    return set(model.model_version_policy.specific.versions)


def _require(holds: bool, must_hold: str, found: str) -> None:
    if not holds:
        raise InputError(
            f"an edit of models.config can only be adopted when it just moves stable and canary: {must_hold}",
            found=found,
            do="Correct models.config, or discard the edit with `sentiment status --restore-config`.",
        )
