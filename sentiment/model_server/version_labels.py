"""Which labels may be given to which version. Pure, and all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sentiment.model_server.config import ModelConfig
from sentiment.model_server.policy import State, VersionState
from sentiment.model_server.refusal import Code, Refusal

LabelMap = Mapping[str, Mapping[str, int]]


def assign_labels(
    models: Iterable[ModelConfig],
    states: Mapping[str, Mapping[int, VersionState]],
    current: LabelMap,
    *,
    allow_unavailable: bool,
) -> dict[str, dict[str, int]]:
    """Returns model → label → version as `models` ask for it, judged by the states from before any new load.

    A label may go to an AVAILABLE version. With `allow_unavailable` a label that is new, or stays where it is, may
    also go to a version that is not (yet) available; moving an existing label there is still refused.
    Source: `ServerCore::UpdateModelVersionLabelMap`.

    Raises:
        Refusal: FAILED_PRECONDITION, naming the first label's version that is not available.
    """
    assigned: dict[str, dict[str, int]] = {}
    for model in models:
        for label, version in model.labels.items():
            entry = states.get(model.name, {}).get(version)
            available = entry is not None and entry.state is State.AVAILABLE
            moves = current.get(model.name, {}).get(label, version) != version
            if not available and (moves or not allow_unavailable):
                raise Refusal(
                    Code.FAILED_PRECONDITION,
                    f"Request to assign label to version {version} of model {model.name}, "
                    "which is not currently available for inference",
                )
            assigned.setdefault(model.name, {})[label] = version
    return assigned
