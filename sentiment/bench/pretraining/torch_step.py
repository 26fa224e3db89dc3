"""PyTorch's side of `sentiment bench pretrain`: a script for a Python with torch and transformers, and nothing of us.

    python -I torch_step.py '{"folder": …, "arithmetic": "float32" or "bfloat16", "how": "eager" or "compiled"}'

It learns what `work.py` laid out in the folder. Its first answer says who it is, and the loss of its first steps. Then
it does what each line of stdin asks for, a `step` or a `product`. `answer` is our own side's, too: only this file can
be imported by neither side's environment alone.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

RATE, BETAS, EPSILON, DECAY, LONGEST_GRADIENT = 1e-3, (0.9, 0.98), 1e-6, 0.01, 1.0
STEPS_BEFORE = 3  # not timed: what is compiled once is; and their losses tell whether all do the same work
PRODUCT = 2048  # rows and columns of the matrices whose product tells what the machine can


def answer(name: str, step: Callable[[], float], product: Callable[[], object]) -> None:
    """Takes the first steps, then a `step` or a `product` for each line of stdin, as `speed.asked` asks for them."""
    losses = [step() for _ in range(STEPS_BEFORE)]
    product()
    print("answer", json.dumps({"name": name, "losses": losses}), flush=True)
    for line in sys.stdin:
        {"step": step, "product": product}[json.loads(line)["do"]]()
        print("answer {}", flush=True)


def opened(folder: Path) -> Any:
    """Returns transformers' model with the weights of the folder."""
    import torch
    from safetensors.torch import load_file
    from transformers import BertConfig, BertForMaskedLM

    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = BertForMaskedLM(BertConfig(**settings))
    found = model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    tied = {"cls.predictions.decoder.weight", "cls.predictions.decoder.bias"}
    if found.unexpected_keys or set(found.missing_keys) - tied:
        raise SystemExit(f"other weights than transformers expects: {found}")
    model.train()  # there is no dropout
    assert isinstance(model, torch.nn.Module)
    return model


def parts_in(folder: Path) -> list[tuple[Any, Any, Any]]:
    """Returns `ids`, `there`, the places as row · pieces + column, and the answers of each part."""
    import numpy as np
    import torch

    kept = np.load(folder / "parts.npz")
    found = []
    for number in range(len(kept.files) // 3):
        ids, places, answers = (
            torch.from_numpy(kept[f"{name}-{number}"]).long() for name in ("ids", "places", "answers")
        )
        found.append((ids, places[:, 0] * ids.shape[1] + places[:, 1], answers))
    return found


def optimizer_of(model: Any) -> Any:
    """Returns Adam as `sentiment pretrain` has it: biases and norms are not pulled to 0."""
    import torch

    weights = list(model.parameters())
    groups = [
        {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": DECAY},
        {"params": [weight for weight in weights if weight.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=RATE, betas=BETAS, eps=EPSILON, fused=True)


def main(folder: str, arithmetic: str, how: str) -> None:
    # What our own processes set for themselves is not for PyTorch's.
    os.environ.update(USE_TORCH="1", ONEDNN_DEFAULT_FPMATH_MODE="STRICT")
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    model, parts = opened(Path(folder)), parts_in(Path(folder))
    optimizer, asked = optimizer_of(model), sum(len(answers) for _, _, answers in parts)

    def loss_of(ids: Any, places: Any, answers: Any) -> Any:
        there = torch.ones_like(ids)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=arithmetic == "bfloat16"):
            state = model.bert(input_ids=ids, attention_mask=there).last_hidden_state
            said = model.cls(state.reshape(-1, state.shape[-1])[places])
        return torch.nn.functional.cross_entropy(said.float(), answers, reduction="sum")

    loss_of = torch.compile(loss_of, dynamic=True) if how == "compiled" else loss_of

    def step() -> float:
        total = 0.0
        for ids, places, answers in parts:
            loss = loss_of(ids, places, answers) / asked
            loss.backward()
            total += float(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), LONGEST_GRADIENT)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return total

    matrix = torch.rand(PRODUCT, PRODUCT, dtype=getattr(torch, arithmetic))
    answer(f"PyTorch {torch.__version__.partition('+')[0]}", step, lambda: matrix @ matrix)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
