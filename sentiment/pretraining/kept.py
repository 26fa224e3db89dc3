"""Lets a pretraining that was stopped go on: its state is kept beside the folder that it makes, now and then.

`.<output>.unfinished/state-N/` holds TensorFlow's checkpoint of weights and optimizer after N steps, and `place.json`,
with a sum of what it says and of the checkpoint's index, which has the checksums of all tensors.
What is random needs no state: it is drawn from the seed and the place in the corpus.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from sentiment import atomic, seal
from sentiment.errors import InputError
from sentiment.model.kept_state import folder_beside, index_of, remove, require_no_link, require_readable
from sentiment.step import say
from sentiment.tensorflow_setup import tf

STATE, PLACE = "state", "place.json"


@dataclass
class Place:
    """How far a pretraining has come: `part` is the next one of the pass."""

    passes: int = 0
    part: int = 0
    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0
    judged: list[dict[str, Any]] = field(default_factory=list)
    resumed: bool = False


class Kept:
    """The kept state of the pretraining that makes `output`; `made_of` names its inputs and its options."""

    def __init__(self, output: Path, made_of: str) -> None:
        self.folder = folder_beside(output)
        self._made_of = made_of

    def find(self, state: Any) -> Place | None:
        """Reads the last kept state into `state` (a tf.train.Checkpoint); None when there is none of these inputs."""
        for found in sorted(self._states(), key=lambda path: -_steps(path)):
            if (place := self._restored(found, state)) is not None:
                return replace(place, resumed=True)
            remove(self.folder, [found.name])
        return None

    def _states(self) -> list[Path]:
        return list(filter(_is_state, self.folder.glob("state-*/")))

    def _restored(self, found: Path, state: Any) -> Place | None:
        """Reads a kept state into `state`; None, with nothing of it read, when it cannot be used, which is said."""
        kept = atomic.read_json(found / PLACE)
        if kept is None or kept.get("made_of") != self._made_of:
            say(f"pretrain: {found} is of other inputs or options; it is discarded")
            return None
        try:
            whole = seal.unbroken(kept, index_of(found / STATE), fields=("made_of", "place"))
            place = msgspec.convert(whole["place"], Place)
            require_readable(found / STATE)
            state.read(str(found / STATE)).assert_existing_objects_matched()
        except (tf.errors.ResourceExhaustedError, MemoryError):  # the state is well
            raise
        except Exception as error:  # noqa: BLE001 - any damage to a file that only saves time
            why = (str(error).strip().splitlines() or [type(error).__name__])[0][:100]
            say(f"pretrain: {found} cannot be read ({why}); it is discarded")
            return None
        return place

    def keep(self, state: Any, place: Place) -> None:
        """Keeps `state` in the place of the one before; if it cannot be written, says so and goes on."""
        made = self.folder / f"state-{place.steps}"
        try:
            require_no_link(self.folder)
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic.replacing_folder(made) as temporary:
                state.write(str(temporary / STATE))
                whole = seal.sealed({"made_of": self._made_of, "place": asdict(place)}, index_of(temporary / STATE))
                atomic.write_json(temporary / PLACE, whole)
        except (OSError, InputError, tf.errors.OpError) as error:
            why = str(getattr(error, "strerror", None) or error).splitlines()[0][:120]
            say(f"pretrain: the state after {place.steps:,} steps cannot be kept in {self.folder} ({why}); it goes on")
            return
        remove(self.folder, {path.name for path in self._states()} - {made.name})

    def discard(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _is_state(folder: Path) -> bool:
    return folder.name.removeprefix("state-").isdecimal()


def _steps(folder: Path) -> int:
    return int(folder.name.removeprefix("state-"))
