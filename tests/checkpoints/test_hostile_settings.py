"""A config.json of an encoder that no machine holds is one line at once, before anything of that size is built."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.own_seconds import at_most

from sentiment.errors import InputError
from sentiment.model import checkpoint, encoder, encoder_limits, vocabulary

SECONDS = 1.0
BASE = {
    "vocab_size": 21128,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
}


@pytest.fixture
def folder(data: Path, tmp_path: Path) -> Path:
    return shutil.copytree(data / "bert-safetensors", tmp_path / "bert")


def change(folder: Path, **changes: Any) -> Path:
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**settings, **changes}), encoding="utf-8")
    return folder


def refused(folder: Path) -> str:
    import transformers

    assert transformers.AutoConfig  # its import takes seconds, whatever the file says
    with at_most(SECONDS), pytest.raises(InputError) as raised:
        encoder.pretrained(str(folder), None)
    line = str(raised.value)
    assert "\n" not in line and len(line) < 600 and str(folder / "config.json") in line
    return line


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"num_hidden_layers": 100_000}, "this number must be from 1 to 128; found 'num_hidden_layers': 100000"),
        ({"num_hidden_layers": -1}, "this number must be from 1 to 128"),
        ({"num_hidden_layers": 0}, "this number must be from 1 to 128"),
        ({"num_hidden_layers": 2.5}, "this one must be like 12; found 'num_hidden_layers': 2.5"),
        ({"num_hidden_layers": "2"}, "this one must be like 12; found 'num_hidden_layers': '2'"),
        ({"num_hidden_layers": True}, "this one must be like 12"),
        ({"num_hidden_layers": [2]}, "this one must be like 12"),
        ({"hidden_size": 1 << 20}, "this number must be from 1 to 65,536; found 'hidden_size': 1048576"),
        ({"hidden_size": 10**400}, "this number must be from 1 to 65,536"),
        ({"vocab_size": 10**9}, "this number must be from 1 to 1,000,000; found 'vocab_size'"),
        ({"max_position_embeddings": 1 << 30}, "this number must be from 1 to 65,536"),
        ({"num_attention_heads": 1 << 16}, "this number must be from 1 to 256"),
        ({"type_vocab_size": 1 << 30}, "this number must be from 1 to 65,536"),
        ({"pad_token_id": -2}, "this number must be from -1 to 1,000,000"),
        ({"layer_norm_eps": -1.0}, "this number must be from 0 to 128"),
        ({"hidden_dropout_prob": "0.1"}, "this one must be like 0.1"),
        ({"hidden_act": ["gelu"]}, "this one must be like 'gelu'"),
        ({"hidden_act": "g" * 201}, "a text must have at most 200 characters"),
        ({"something_else": list(range(101))}, "a list or a table must have at most 100 values"),
        ({"something_else": [[[[1]]]]}, "and none deeper than 3"),
        ({"attribute_map": {"hidden_size": "zz"}}, "none may stand for another; found 'attribute_map': 1 values"),
        ({"more_layers": 10**5}, "this number must be from 0 to 128; found 'more_layers'"),
    ],
)
def test_a_setting_that_no_machine_holds(folder: Path, changes: dict[str, Any], reason: str) -> None:
    assert reason in refused(change(folder, **changes))


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (b'{"a":' * 100_000, "nests its values too deeply"),
        (b"[" * 200_000, "nests its values too deeply"),
        (b'{"hidden_size": NaN}', "it has NaN for a number"),
        (b'{"hidden_size": -Infinity}', "it has -Infinity for a number"),
        (b'{"model_type": "bert", "layer_norm_eps": 1e999}', "this number must be from 0 to 128; found"),
        (b'{"hidden_size": 12, "hidden_size": 65536}', "it has a name twice"),
        (b'{"hidden_size": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
        (b'{"a": "' + b"x" * (1 << 20) + b'"}', "it has 1,048,585 bytes, more than 1,048,576"),
    ],
)
def test_json_that_would_take_long(folder: Path, written: bytes, reason: str) -> None:
    (folder / "config.json").write_bytes(written)
    assert reason in refused(folder)


def test_what_would_act_is_left_out(folder: Path) -> None:
    """A million labels, heads to cut off, code to fetch: nothing here needs them."""
    change(folder, num_labels=10**9, pruned_heads={"0": [0]}, auto_map={"AutoModel": "a--b.C"}, id2label={"0": "a"})
    plain = encoder.pretrained(str(folder), None).architecture
    assert not {"num_labels", "pruned_heads", "auto_map"} & {name for name, value in plain.items() if value}


def test_weights_that_the_file_cannot_hold_are_not_built(folder: Path) -> None:
    """The layers and the width are ordinary ones; the file of weights has 15 kB."""
    from sentiment.model import classifier

    for changes in ({"hidden_size": 768}, {"num_hidden_layers": 100}, {"vocab_size": 900_000}):
        source = encoder.pretrained(str(change(folder, **changes)), None)
        with at_most(SECONDS), pytest.raises(InputError, match=r"too few for the .* weights of its settings"):
            classifier.build("custom", source.architecture, labels=3, dropout=0.1, weights=source.pretrained)


@pytest.mark.parametrize(
    "changes",
    [{"num_attention_heads": 5}, {"hidden_act": "no such"}, {"hidden_size": None}, {"initializer_range": "x"}],
)
def test_settings_that_do_not_go_together(data: Path, changes: dict[str, Any]) -> None:
    from sentiment.model import classifier

    plain = encoder.pretrained(str(data / "bert-safetensors"), None).architecture
    with pytest.raises(InputError, match="must be those of a bert that transformers can build") as raised:
        classifier.build("custom", {**plain, **changes}, labels=3, dropout=0.1)
    assert "\n" not in str(raised.value)


def test_encoders_of_every_size_in_use_are_within_the_limits() -> None:
    albert = {**BASE, "model_type": "albert", "embedding_size": 128, "num_hidden_groups": 1, "inner_group_num": 1}
    large = {
        **BASE,
        "hidden_size": 4096,
        "num_hidden_layers": 48,
        "num_attention_heads": 64,
        "intermediate_size": 16384,
    }
    for settings in (BASE, albert, large):
        encoder_limits.require_plain(settings, BASE, Path("config.json"))
    assert encoder_limits.weights_at_least(BASE) == pytest.approx(102_000_000, rel=0.02)
    assert encoder_limits.weights_at_least(albert) == pytest.approx(9_800_000, rel=0.02)
    assert encoder_limits.weights_at_least({"model_type": "tf-hub", "max_position_embeddings": 512}) == 0


MOBILE = {
    **{"model_type": "mobilebert", "vocab_size": 30522, "hidden_size": 512, "num_hidden_layers": 24},
    **{"embedding_size": 128, "intermediate_size": 512, "intra_bottleneck_size": 128, "num_feedforward_networks": 4},
    **{"max_position_embeddings": 512, "type_vocab_size": 2, "num_attention_heads": 4},
}


def test_the_published_mobilebert_fits_its_file() -> None:
    assert 18_000_000 < encoder_limits.weights_at_least(MOBILE) < 24_600_000


SMALL = {**dict.fromkeys(("vocab_size", "hidden_size", "embedding_size"), 8), "intermediate_size": 512}


@pytest.mark.parametrize(
    "settings",
    [
        {**MOBILE, **SMALL, "num_hidden_layers": 2, "num_feedforward_networks": 128, "intra_bottleneck_size": 512},
        {**BASE, **SMALL, "model_type": "layoutlm", "num_hidden_layers": 1, "max_2d_position_embeddings": 65_536},
        {**BASE, **SMALL, "num_hidden_layers": 1, "type_vocab_size": 65_536},
    ],
)
def test_settings_that_multiply_weights_are_counted(settings: dict[str, Any], tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(bytes(320_000))
    assert "too few for the" in encoder_limits.lack_of_room(settings, weights)


def test_a_hole_makes_no_file_of_weights_larger(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    with weights.open("wb") as file:
        file.write(b"x")
        file.truncate(1 << 40)
    assert "never written" in encoder_limits.lack_of_room({**BASE, **SMALL, "num_hidden_layers": 1}, weights)


OWN = {
    "TFMobileBertModel": (
        "mobilebert",
        {"intra_bottleneck_size": 32},
        ["intra_bottleneck_size", "num_feedforward_networks"],
    ),
    "TFLayoutLMModel": ("layoutlm", {}, ["max_2d_position_embeddings"]),
    "TFConvBertModel": ("convbert", {}, ["conv_kernel_size"]),
}


@pytest.mark.parametrize("name", OWN)
def test_what_a_type_has_of_its_own_is_counted_as_transformers_builds_it(name: str) -> None:
    """Each setting, doubled: the weights that it adds are counted, or are few."""
    import transformers

    model_type, more, own = OWN[name]
    usual = {"vocab_size": 8, "num_hidden_layers": 1, "intermediate_size": 32, "hidden_size": 32, "embedding_size": 32}
    usual |= {"num_attention_heads": 2, "max_position_embeddings": 64, "type_vocab_size": 2, **more}

    def weights(**changes: int) -> tuple[int, int]:
        config = transformers.AutoConfig.for_model(model_type, **{**usual, **changes})
        model = getattr(transformers, name)(config)
        model.build_in_name_scope()
        return int(model.count_params()), encoder_limits.weights_at_least(config.to_dict())

    built, counted = weights()
    assert counted <= 1.3 * built
    defaults = transformers.AutoConfig.for_model(model_type, **usual)
    for setting in own:
        larger, seen = weights(**{setting: 2 * getattr(defaults, setting)})
        assert larger - built <= 4 * (seen - counted) + 5_000, setting


def test_an_encoder_by_another_name_must_have_room_too() -> None:
    assert encoder_limits.weights_at_least({"d_dim": 60_000, "inner_dim": 50_000}) == 3 * 10**9


def test_a_vocabulary_is_not_read_whatever_its_size(tmp_path: Path) -> None:
    with (tmp_path / "vocab.txt").open("wb") as file:
        file.truncate(vocabulary.LARGEST + 1)
    with pytest.raises(InputError, match="16,777,217 bytes, more than 16,777,216"):
        vocabulary.read(tmp_path / "vocab.txt")


def test_a_piece_that_the_tokenizer_does_not_take_is_one_line() -> None:
    vocabulary.check([*vocabulary.SPECIAL, "##" + "a" * 256], "vocab.txt")
    with pytest.raises(InputError, match="at most 256 bytes; found 'aaaa"):
        vocabulary.check([*vocabulary.SPECIAL, "a" * 257], "vocab.txt")


def test_settings_of_the_tokenizer_are_read_as_carefully(folder: Path) -> None:
    (folder / "tokenizer_config.json").write_bytes(b'{"a":' * 100_000)
    with pytest.raises(InputError, match="nests its values too deeply"):
        checkpoint.locate(str(folder))
