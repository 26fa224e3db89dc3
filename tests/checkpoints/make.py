"""Makes the small PyTorch checkpoints that the tests load, and records what PyTorch's own models answer.

    python3.11 -m venv /tmp/torch-env
    /tmp/torch-env/bin/pip install torch==2.13.0 transformers==4.54.1 safetensors "numpy<2"
    /tmp/torch-env/bin/python tests/checkpoints/make.py            writes tests/checkpoints/data
    /tmp/torch-env/bin/python tests/checkpoints/make.py --check    makes them anew and compares, writes nothing

torch is needed here and nowhere else: the tests read the files that are recorded. A checkpoint is a folder as
`save_pretrained` leaves it; `expected.npz` beside its weights holds the inputs and the float32 answers.

The other way round, `--check` also opens the encoder that `sentiment pretrain` made (our_encoder.py records it):
PyTorch must cut the same texts into the same pieces, and answer what TensorFlow answered.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import (
    AlbertConfig,
    AlbertForMaskedLM,
    AlbertModel,
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertModel,
    BertTokenizer,
    GPT2Config,
    GPT2Model,
)

DATA = Path(__file__).parent / "data"
PIECES = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *"好吃難爛很超棒真普通請問在哪裡幾點讚差店家推噓的了喔一銀都不借我！，",
    *("##好", "##了"),
]
BERT = {
    "vocab_size": len(PIECES),
    "hidden_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 20,
    "max_position_embeddings": 24,
}
ALBERT = {**BERT, "embedding_size": 6}
# ckiplab's pretrained ALBERTs name their tokenizer; their weights are those of a masked language model, without pooler.
CKIP = {"tokenizer_class": "BertTokenizerFast"}
IDS = [[2, 5, 6, 20, 3, 0, 0], [2, 10, 11, 3, 12, 7, 3]]
MASK = [[1, 1, 1, 1, 1, 0, 0], [1] * 7]
SEGMENTS = [[0] * 7, [0, 0, 0, 0, 1, 1, 1]]
TOLERANCE = 1e-6
OURS, OUR_TOLERANCE = "bert-of-pretrain", 1e-5

Save = Callable[[Any, Path], None]


def safetensors(model: Any, folder: Path) -> None:
    model.save_pretrained(folder)


def bin_zip(model: Any, folder: Path) -> None:
    model.save_pretrained(folder, safe_serialization=False)


def bin_legacy(model: Any, folder: Path) -> None:
    """As PyTorch before 1.6 wrote it."""
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)


def bin_with_old_names(model: Any, folder: Path) -> None:
    """As the first BERT checkpoints call the normalisation's weights, bert-base-chinese among them."""
    model.config.save_pretrained(folder)
    renamed = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in model.state_dict().items()
    }
    torch.save(renamed, folder / "pytorch_model.bin")


CHECKPOINTS: dict[str, tuple[Callable[[], Any], Save]] = {
    "bert-safetensors": (lambda: BertModel(BertConfig(**BERT)), safetensors),
    "bert-bin": (lambda: BertModel(BertConfig(**BERT)), bin_zip),
    "bert-bin-legacy": (lambda: BertModel(BertConfig(**BERT)), bin_legacy),
    "bert-bin-old-names": (lambda: BertForMaskedLM(BertConfig(**BERT)), bin_with_old_names),
    "bert-half": (lambda: BertModel(BertConfig(**BERT)).half(), bin_zip),
    "bert-bfloat16": (lambda: BertModel(BertConfig(**BERT)).bfloat16(), bin_zip),
    "bert-classifier": (lambda: BertForSequenceClassification(BertConfig(**BERT, num_labels=3)), safetensors),
    "albert-safetensors": (lambda: AlbertModel(AlbertConfig(**ALBERT)), safetensors),
    "albert-masked-lm-bin": (lambda: AlbertForMaskedLM(AlbertConfig(**ALBERT, **CKIP)), bin_zip),
    "gpt2": (
        lambda: GPT2Model(GPT2Config(vocab_size=len(PIECES), n_embd=8, n_layer=1, n_head=2, n_positions=24)),
        safetensors,
    ),
}


def make(root: Path) -> None:
    """Writes every checkpoint, with its vocabulary and its expected answers, under `root`."""
    for seed, (name, (build, save)) in enumerate(CHECKPOINTS.items()):
        torch.manual_seed(seed)
        model = spread(build().eval())
        folder = root / name
        folder.mkdir(parents=True)
        save(model, folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf-8")
        (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False}) + "\n", encoding="utf-8")
        if name != "gpt2":
            np.savez(folder / "expected.npz", **answers(model.float()))


def spread(model: Any) -> Any:
    """Makes every weight matter: a new model's are so small, and its biases so zero, that a wrong one hardly shows."""
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight.float()).to(weight.dtype) * 0.3)
    return model


def answers(model: Any) -> dict[str, NDArray[Any]]:
    """Returns the inputs, int64 [2, 7], and the answers: `hidden`, and `pooled` and `logits` where there are any."""
    inputs = {"input_ids": IDS, "attention_mask": MASK, "token_type_ids": SEGMENTS}
    inputs = {name: torch.tensor(rows) for name, rows in inputs.items()}
    with torch.no_grad():
        encoded = model.base_model(**inputs)
        found = {"hidden": encoded.last_hidden_state}
        if encoded.pooler_output is not None:
            found["pooled"] = encoded.pooler_output
        if isinstance(model, BertForSequenceClassification):
            found["logits"] = model(**inputs).logits
    return {name: value.numpy() for name, value in {**inputs, **found}.items()}


def check(recorded: Path) -> list[str]:
    """Returns what differs between the recorded checkpoints and ones made now: nothing, if all is well."""
    with tempfile.TemporaryDirectory() as made:
        make(Path(made))
        return [line for name in CHECKPOINTS for line in differences(recorded / name, Path(made) / name)]


def check_ours(folder: Path) -> list[str]:
    """Returns how PyTorch's answers with the encoder that `sentiment pretrain` made differ from TensorFlow's."""
    recorded = dict(np.load(folder / "expected.npz"))
    model, loading = BertForMaskedLM.from_pretrained(folder, output_loading_info=True)
    found = [f"{OURS}: {what} {names}" for what, names in loading.items() if names]
    tokenizer = BertTokenizer.from_pretrained(folder)
    width = recorded["input_ids"].shape[1]
    cut = tokenizer(recorded["texts"].tolist(), padding="max_length", truncation=True, max_length=width)
    for name in ("input_ids", "attention_mask"):
        if cut[name] != recorded[name].tolist():
            found.append(f"{OURS}: {name} are {cut[name]}, not {recorded[name].tolist()}")
    inputs = {name: torch.tensor(recorded[name].astype(np.int64)) for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        said = model.eval()(**inputs, output_hidden_states=True)
    for name, value in (("hidden", said.hidden_states[-1]), ("logits", said.logits)):
        far = float(np.abs(value.numpy() - recorded[name]).max())
        found += [] if far <= OUR_TOLERANCE else [f"{OURS}: {name} differ by {far:.2g}"]
    return found


def differences(recorded: Path, made: Path) -> list[str]:
    files, wanted = ({file.name for file in folder.iterdir()} for folder in (recorded, made))
    if files != wanted:
        return [f"{recorded.name}: files {sorted(files)}, not {sorted(wanted)}"]
    found = []
    for name in sorted(files):
        if name.endswith((".npz", ".bin", ".safetensors")):
            first, second = weights(recorded / name), weights(made / name)
            same = first.keys() == second.keys() and all(
                np.allclose(first[key], second[key], atol=TOLERANCE) for key in first
            )
        else:
            same = (recorded / name).read_bytes() == (made / name).read_bytes()
        found += [] if same else [f"{recorded.name}/{name} differs"]
    return found


def weights(file: Path) -> dict[str, NDArray[Any]]:
    """Reads any file of arrays with its own library."""
    if file.suffix == ".npz":
        return dict(np.load(file))
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return {name: value.float().numpy() for name, value in load_file(file).items()}
    return {name: value.float().numpy() for name, value in torch.load(file, weights_only=True).items()}


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    if not arguments:
        make(DATA)
        return 0
    found = check(DATA) + check_ours(DATA / OURS)
    well = f"{len(CHECKPOINTS)} checkpoints are what PyTorch {torch.__version__} makes, and it answers as {OURS} does"
    print("\n".join(found) if found else well)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
