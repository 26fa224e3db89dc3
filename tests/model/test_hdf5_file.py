"""Files of weights in HDF5: what lies in another file, or is larger than the file, is refused before it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from sentiment.errors import InputError
from sentiment.model.hdf5_file import require_plain


def external_storage(file: Any, secret: Path) -> None:
    file.create_dataset("embeddings", (4,), "u1", external=[(str(secret), 0, 4)])


def external_link(file: Any, secret: Path) -> None:
    file["embeddings"] = h5py.ExternalLink(str(secret), "/w")


def soft_link(file: Any, secret: Path) -> None:
    file["inner"] = h5py.SoftLink("/w")


def virtual(file: Any, secret: Path) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(secret), "w", (4,))
    file.create_virtual_dataset("embeddings", layout)


def far_too_large(file: Any, secret: Path) -> None:
    file.create_dataset("embeddings", (1 << 40,), "f4", chunks=(1 << 10,))


def compressed(file: Any, secret: Path) -> None:
    file.create_dataset("embeddings", (64,), "u1", chunks=(64,), compression="gzip")


def shuffled(file: Any, secret: Path) -> None:
    file.create_dataset("embeddings", (64,), "f4", chunks=(64,), shuffle=True)


def texts(file: Any, secret: Path) -> None:
    file.create_dataset("embeddings", data=["a", "b"], dtype=h5py.string_dtype())


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        (external_storage, "external storage of /deep/embeddings"),
        (external_link, "the link /deep/embeddings"),
        (soft_link, "the link /deep/inner"),
        (virtual, "the virtual array /deep/embeddings"),
        (far_too_large, "arrays of more than 10 times the file's size"),
        (compressed, "compression or another filter of /deep/embeddings"),
        (shuffled, "compression or another filter of /deep/embeddings"),
        (texts, "no numbers, but /deep/embeddings"),
    ],
)
def test_weights_that_are_elsewhere_are_refused(tmp_path: Path, attack: Callable[..., None], found: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["w"] = np.ones(4, "f4")
        attack(file.create_group("deep"), tmp_path / "secret")
    with pytest.raises(InputError, match="must hold plain arrays of numbers") as raised:
        require_plain(tmp_path / "weights.h5")
    assert raised.value.found.startswith(found)


def test_plain_arrays_pass_even_in_a_ring(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["layer/kernel"] = np.ones((64, 64), "f4")
        file["layer/again"] = file["/"]
        file.attrs["model_config"] = '{"class_name": "Lambda"}'
    require_plain(tmp_path / "weights.h5")
    (tmp_path / "other.h5").write_bytes(b"not one")
    require_plain(tmp_path / "other.h5")
    with pytest.raises(InputError):
        with h5py.File(tmp_path / "weights.h5", "a") as file:
            file["layer/soft"] = h5py.SoftLink("/layer")
        require_plain(tmp_path / "weights.h5")
