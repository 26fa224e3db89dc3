"""Lets a killed training resume: after each epoch, its state is kept beside the folder that it makes.

`.<output>.unfinished/epoch-<n>/` holds TensorFlow's checkpoint of model and optimizer (weights, slots, iterations, loss
scale) and `training.json`: the curves, the identity of the inputs, and a sum of both and of the checkpoint's index,
which has the checksums of all tensors. A folder appears whole or not at all. Randomness needs no state: see
`randomness`.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sentiment import atomic, seal
from sentiment.beside import MARK
from sentiment.errors import InputError
from sentiment.model.curves import Curves, best_epoch
from sentiment.model.kept_state import folder_beside, index_of, remove, require_no_link, require_readable
from sentiment.model.pinned import pinned_name
from sentiment.step import say
from sentiment.training.training_files import ENCODER

STATE, DESCRIPTION = "state", "training.json"
_EPOCH = re.compile(r"epoch-[0-9]+")
_OURS = re.compile(rf"{_EPOCH.pattern}|\.{_EPOCH.pattern}\.{MARK}")  # with what a kill left of one half written


class Unfinished:
    """The kept states of the training that makes `output` from `inputs`: its last epoch and its best one."""

    def __init__(self, output: Path, inputs: dict[str, Any]) -> None:
        self._folder = folder_beside(output)
        self._inputs = json.loads(json.dumps(inputs))

    def find(self) -> Curves | None:
        """Returns the curves of the last kept epoch; discards states that are unreadable or have other inputs.

        Raises: InputError when only the encoder's files are others: somebody changed them meanwhile.
        """
        found = (path for path in self._folder.glob("epoch-*/") if _EPOCH.fullmatch(path.name))
        kept = sorted(found, key=lambda path: (len(path.name), path.name))
        if not kept:
            return None
        try:
            description = _described(kept[-1])
            curves = Curves(**description["curves"])
            if description["inputs"] == self._inputs:
                for number in {curves.epochs, _best(curves)}:
                    _described(self._epoch(number))
                    require_readable(self._epoch(number) / STATE)
                return curves
            self._require_no_other_encoder(description["inputs"])
            why = "has other inputs"
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 - any damage to a file that only saves time
            why = f"cannot be read ({_reason(error)})"
        say(f"train: the unfinished training in {self._folder} {why}; it is discarded, and training starts over")
        self.discard()
        return None

    def _require_no_other_encoder(self, began_with: dict[str, Any]) -> None:
        """Raises: InputError when the encoder's files have changed since the training began, and nothing else has."""
        then, now = (one.get("files", {}) for one in (began_with, self._inputs))
        if now.get(ENCODER) is None or {**began_with, "files": {**then, ENCODER: now[ENCODER]}} != self._inputs:
            return
        name = self._inputs["hyperparameters"]["model_name"]
        raise InputError(
            f"an unfinished training must go on with the encoder that it began with, {name} with the sha256 "
            f"{then[ENCODER]}",
            found=f"{now[ENCODER]} now",
            do=f"Find out who changed it. To start over with it on purpose, name it: {pinned_name(name, now[ENCODER])}",
        )

    def restore(self, state: Any, number: int) -> None:
        """Reads epoch `number`, which `find` has checked, into `state` (a tf.train.Checkpoint)."""
        state.read(str(self._epoch(number) / STATE)).assert_existing_objects_matched()

    def keep(self, state: Any, curves: Curves) -> None:
        """Keeps `state` as that of the last finished epoch; if it cannot be written, says so and continues."""
        from sentiment.tensorflow_setup import tf

        try:
            require_no_link(self._folder)
            with atomic.replacing_folder(self._epoch(curves.epochs)) as made:
                state.write(str(made / STATE))
                description = {"inputs": self._inputs, "curves": asdict(curves)}
                whole = seal.sealed(description, index_of(made / STATE))
                (made / DESCRIPTION).write_text(json.dumps(whole), encoding="utf-8")
        except (OSError, InputError, tf.errors.OpError) as error:
            say(
                f"train: epoch {curves.epochs} cannot be kept in {self._folder} ({_reason(error)}); "
                "if training is interrupted now, the epoch is lost"
            )
            return
        stay = {f"epoch-{number}" for number in (curves.epochs, _best(curves))}
        remove(self._folder, {path.name for path in self._folder.iterdir() if _OURS.fullmatch(path.name)} - stay)

    def discard(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _epoch(self, number: int) -> Path:
        return self._folder / f"epoch-{number}"


def _described(epoch: Path) -> dict[str, Any]:
    """Returns what stands beside the state of an epoch. Raises: an error when it is not what was written there."""
    found = json.loads((epoch / DESCRIPTION).read_text(encoding="utf-8"))
    return seal.unbroken(found, index_of(epoch / STATE), fields=("inputs", "curves"))


def _best(curves: Curves) -> int:
    return best_epoch(curves.val_loss) if curves.val_loss else curves.epochs


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or getattr(error, "message", None) or str(error)
    return (text.strip().splitlines() or [type(error).__name__])[0][:200]
