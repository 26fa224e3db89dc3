"""What a models.config may say, and the refusals of the real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.model_server.config import ModelConfig, VersionPolicy, parse_config, require_platforms
from sentiment.model_server.refusal import Code, Refusal


def model(fields: str) -> str:
    return f"model_config_list {{ config {{ {fields} }} }}"


def test_a_model_with_policy_and_labels() -> None:
    config = parse_config(
        model(
            'name: "m" base_path: "/models/m" model_platform: "tensorflow"'
            "model_version_policy { specific { versions: 3 versions: 4 } }"
            'version_labels { key: "stable" value: 3 }'
        )
    )
    policy = VersionPolicy("specific", specific=(3, 4))
    assert config.models == {"m": ModelConfig("m", Path("/models/m"), "tensorflow", policy, {"stable": 3})}


@pytest.mark.parametrize(
    ("policy", "parsed"),
    [
        ("", VersionPolicy("latest", latest=1)),
        ("model_version_policy { latest { num_versions: 2 } }", VersionPolicy("latest", latest=2)),
        ("model_version_policy { all {} }", VersionPolicy("all")),
    ],
)
def test_the_default_policy_is_the_latest_version(policy: str, parsed: VersionPolicy) -> None:
    config = parse_config(model(f'name: "m" base_path: "/m" model_platform: "tensorflow" {policy}'))
    assert config.models["m"].policy == parsed


def test_an_empty_list_serves_nothing_and_an_empty_file_states_nothing() -> None:
    assert (parse_config("model_config_list {}").stated, parse_config("model_config_list {}").models) == (True, {})
    assert not parse_config("").stated


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model_config_list {", "Invalid protobuf file"),
        ("no_such_field: 1", "Invalid protobuf file"),
        (model('base_path: "/m" model_platform: "tensorflow"'), "to have a name"),
        (model('name: "m" base_path: "/m"'), "Illegal setting neither .* model name is m"),
        (
            model('name: "m" base_path: "/m" model_platform: "tensorflow" model_type: TENSORFLOW'),
            "setting both",
        ),
        (model('name: "m" base_path: "/m" model_type: OTHER'), "model_type choice 2 not supported"),
        (model('name: "m" base_path: "models/m" model_platform: "tensorflow"'), "absolute path or URI; got base_path"),
        (
            "model_config_list { " + 'config { name: "m" base_path: "/m" model_platform: "tensorflow" } ' * 2 + "}",
            "times",
        ),
        ("custom_model_config {}", "not supported"),
    ],
)
def test_what_the_real_server_does_not_accept_is_refused(text: str, message: str) -> None:
    with pytest.raises(Refusal, match=message) as refused:
        parse_config(text)
    assert refused.value.code is Code.INVALID_ARGUMENT


def test_a_model_keeps_its_platform_and_a_new_one_must_be_a_saved_model() -> None:
    served, torch = (
        parse_config(model(f'name: "m" base_path: "/m" model_platform: "{platform}"')).models
        for platform in ("tensorflow", "torch")
    )
    require_platforms(served, served)
    require_platforms(served, {})
    with pytest.raises(Refusal, match=r"change a model's platform\. For model m platform was tensorflow and"):
        require_platforms(served, torch)
    with pytest.raises(Refusal, match="Model m requests unsupported platform torch"):
        require_platforms({}, torch)
