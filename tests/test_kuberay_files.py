"""docker/kuberay/score.yaml, as far as it can be judged without a cluster.

The names below are those of KubeRay's RayCluster (`ray.io/v1`) that the file may use: a wrong one would be dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
CLUSTER = {"rayVersion", "authOptions", "headGroupSpec", "workerGroupSpecs"}
HEAD = {"rayStartParams", "template"}
WORKERS = HEAD | {"groupName", "replicas", "minReplicas", "maxReplicas"}


@pytest.fixture(scope="module")
def objects() -> dict[str, dict[str, Any]]:
    text = (CHECKOUT / "docker" / "kuberay" / "score.yaml").read_text(encoding="utf-8")
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


@pytest.fixture(scope="module")
def pods(objects: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    cluster = objects["RayCluster"]["spec"]
    templates = {"head": cluster["headGroupSpec"]["template"], "driver": objects["Job"]["spec"]["template"]}
    return templates | {group["groupName"]: group["template"] for group in cluster["workerGroupSpecs"]}


def containers(pods: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from ((name, container) for name, pod in pods.items() for container in pod["spec"]["containers"])


def test_the_cluster_is_as_kuberay_declares_it(objects: dict[str, dict[str, Any]]) -> None:
    cluster = objects["RayCluster"]
    assert (cluster["apiVersion"], cluster["spec"].keys()) == ("ray.io/v1", CLUSTER)
    assert cluster["spec"]["headGroupSpec"].keys() == HEAD
    for group in cluster["spec"]["workerGroupSpecs"]:
        assert group.keys() == WORKERS
        assert 1 <= group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
        cpus = group["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"]
        assert group["rayStartParams"]["num-cpus"] == cpus
    groups = [cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]]
    assert all(isinstance(value, str) for group in groups for value in group["rayStartParams"].values())


def test_its_ray_is_the_one_that_the_image_has(objects: dict[str, dict[str, Any]]) -> None:
    pinned = re.search(r"^ray==(\S+)", (CHECKOUT / "requirements" / "score.txt").read_text(encoding="utf-8"), re.M)
    assert pinned and objects["RayCluster"]["spec"]["rayVersion"] == pinned[1]


def test_no_container_has_a_capability_or_writes_into_its_image(pods: dict[str, dict[str, Any]]) -> None:
    assert pods.keys() == {"head", "driver", "workers"}
    for name, pod in pods.items():
        assert pod["spec"]["automountServiceAccountToken"] is False, name
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True, name
        assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod["spec"].keys(), name
        assert not any("hostPath" in volume for volume in pod["spec"]["volumes"]), name
    for name, container in containers(pods):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert container["resources"].keys() == {"requests", "limits"}, name
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted <= {volume["name"] for volume in pods[name]["spec"]["volumes"]}, name


def test_only_the_driver_has_the_home_and_cannot_write_it(pods: dict[str, dict[str, Any]]) -> None:
    mounts = {name: str(container["volumeMounts"]) for name, container in containers(pods)}
    assert [name for name, text in mounts.items() if "/home/sentiment" in text] == ["driver"]
    [claim] = [volume for volume in pods["driver"]["spec"]["volumes"] if "persistentVolumeClaim" in volume]
    assert claim["persistentVolumeClaim"]["readOnly"] is True
    [driver] = pods["driver"]["spec"]["containers"]
    assert all(mount["readOnly"] for mount in driver["volumeMounts"] if mount["name"] == claim["name"])


def test_nobody_else_reaches_the_cluster(objects: dict[str, dict[str, Any]], pods: dict[str, dict[str, Any]]) -> None:
    cluster, policy = objects["RayCluster"]["spec"], objects["NetworkPolicy"]["spec"]
    ours = {"matchLabels": {"app": "sentiment-scores"}}
    assert policy["podSelector"] == ours and policy["ingress"] == [{"from": [{"podSelector": ours}]}]
    assert all(pod["metadata"]["labels"] == ours["matchLabels"] for pod in pods.values())
    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["headGroupSpec"]["rayStartParams"]["include-dashboard"] == "false"
    [driver] = pods["driver"]["spec"]["containers"]
    token = {each["name"]: each for each in driver["env"]}["RAY_AUTH_TOKEN"]["valueFrom"]["secretKeyRef"]
    assert token["name"] == objects["RayCluster"]["metadata"]["name"]
    assert f"{token['name']}-head-svc:6379" in driver["args"][0]
