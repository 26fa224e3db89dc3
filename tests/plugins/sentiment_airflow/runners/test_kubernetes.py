"""The pods of steps, rendered as they would be sent to a cluster. No cluster has run them here."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from kubernetes.client import ApiClient
from kubernetes.client import models as k8s
from sentiment_airflow.runners.kubernetes import KubernetesRunner, how_it_ended, literal, step_pod
from sentiment_airflow.runners.step import Ended, StepCommand

from sentiment.settings import RunnerSettings

RUN = "manual__2026-11-22T02:00:00+08:00"
KEY = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_ENDPOINT_URL": "http://store:9000"}


def step(verb: str = "train", **given: Any) -> StepCommand:
    home = Path("/srv/home")
    facts = {"environment": {}, "credentials": {}, "home": home, "result_file": home / "r.json", "identity": {}}
    return StepCommand(verb=verb, **{"arguments": (verb, f"--run={RUN}"), **facts, **given})


def settings(**given: Any) -> RunnerSettings:
    return RunnerSettings(**{"runner": "kubernetes", "claim": "sentiment-home", **given})


def rendered(step: StepCommand, settings: RunnerSettings) -> dict[str, Any]:
    """Returns the pod as the cluster's API would get it."""
    task = SimpleNamespace(dag_id="sentiment_retrain", task_id=step.verb, map_index=-1, try_number=1)
    context: Any = {"ti": task, "run_id": RUN, "dag": SimpleNamespace(parent_dag=None)}
    pod = step_pod(step, settings).build_pod_request_obj(context, dry_run=True)
    found: dict[str, Any] = ApiClient().sanitize_for_serialization(pod)
    return found


def container(pod: dict[str, Any]) -> dict[str, Any]:
    [only] = pod["spec"]["containers"]
    return dict(only)


def test_one_container_with_the_home_and_shared_memory_and_no_sidecar() -> None:
    pod = rendered(step(), settings(namespace="nightly", image="registry/sentiment-trainer:1", shm="2g"))
    made = container(pod)
    assert (pod["metadata"]["namespace"], pod["spec"]["restartPolicy"]) == ("nightly", "Never")
    assert (made["image"], made["args"]) == ("registry/sentiment-trainer:1", ["train", f"--run={RUN}"])
    assert not made["command"], "the image's own"
    mounted = {mount["name"]: mount["mountPath"] for mount in made["volumeMounts"]}
    assert mounted == {"home": "/srv/home", "shm": "/dev/shm", "tmp": "/tmp"}
    home, shm, tmp = pod["spec"]["volumes"]
    assert home["persistentVolumeClaim"] == {"claimName": "sentiment-home"}
    assert shm["emptyDir"] == {"medium": "Memory", "sizeLimit": str(2 << 30)}
    assert tmp["emptyDir"] == {"sizeLimit": str(1 << 30)}


def test_a_gpu_is_asked_for_where_it_helps() -> None:
    trained = container(rendered(step("train"), settings(gpus="1", memory="8g")))["resources"]
    assert trained["limits"] == trained["requests"] == {"nvidia.com/gpu": "1", "memory": str(8 << 30)}
    assert container(rendered(step("ingest"), settings(gpus="1")))["resources"] == {"limits": {}, "requests": {}}


def test_it_may_do_little_and_is_no_client_of_the_cluster() -> None:
    pod = rendered(step(), settings())
    spec, made = pod["spec"], container(pod)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"] == {
        "fsGroup": os.getgid(),
        "fsGroupChangePolicy": "OnRootMismatch",
        "runAsGroup": os.getgid(),
        "runAsNonRoot": os.getuid() != 0,
        "runAsUser": os.getuid(),
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert made["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
    }


def test_a_pod_is_known_by_its_task_instance() -> None:
    found = rendered(step(), settings())["metadata"]
    labels = {name: found["labels"][name] for name in ("dag_id", "task_id", "app", "sentiment-verb", "try_number")}
    assert labels == {
        "dag_id": "sentiment_retrain",
        "task_id": "train",
        "app": "sentiment",
        "sentiment-verb": "train",
        "try_number": "1",
    }
    assert found["labels"]["run_id"].startswith("manual__2026") and len(found["labels"]["run_id"]) <= 63
    assert found["name"].startswith("sentiment-train-")
    assert found["name"] != rendered(step(), settings())["metadata"]["name"]


def test_the_buckets_key_comes_from_a_secret_and_only_to_the_step_that_reads_it() -> None:
    reading = step("ingest", credentials=KEY, reads_bucket=True, environment={"HF_TOKEN": "s3cret"})
    made = container(rendered(reading, settings(secret="labels")))
    assert made["envFrom"] == [{"secretRef": {"name": "labels"}}]
    values = {variable["name"]: variable["value"] for variable in made["env"]}
    assert values["AWS_ENDPOINT_URL"] == "http://store:9000" and "s3cret" not in str(made)
    assert (
        "envFrom" not in container(rendered(step("train"), settings(secret="labels")))
        or not container(rendered(step("train"), settings(secret="labels")))["envFrom"]
    )


def test_a_key_that_only_airflow_has_is_one_clear_line() -> None:
    with pytest.raises(AirflowFailException, match=r"must come from a Secret of the cluster.*SENTIMENT_RUNNER_SECRET"):
        KubernetesRunner(step("ingest", credentials=KEY, reads_bucket=True), settings(), {})


def test_no_text_is_expanded() -> None:
    text = "--reason=$(AWS_SECRET_ACCESS_KEY) $$ {{ 7*7 }} `id` 正面"
    made = container(rendered(step(arguments=("rollback", text), environment={"SENTIMENT_LABELS": text}), settings()))
    assert made["args"][1] == literal(text) == "--reason=$$(AWS_SECRET_ACCESS_KEY) $$$$ {{ 7*7 }} `id` 正面"
    assert {"name": "SENTIMENT_LABELS", "value": literal(text)} in made["env"]


def test_a_template_adds_what_there_is_no_setting_for(tmp_path: Path) -> None:
    template = tmp_path / "pod.yaml"
    template.write_text(
        "apiVersion: v1\nkind: Pod\nspec:\n  priorityClassName: night\n"
        "  tolerations: [{key: gpu, operator: Exists}]\n  containers: [{name: base, image: ignored}]\n",
        encoding="utf-8",
    )
    pod = rendered(step(), settings(pod_template=str(template)))
    assert pod["spec"]["priorityClassName"] == "night" and pod["spec"]["tolerations"][0]["key"] == "gpu"
    assert container(pod)["image"] == "sentiment-trainer" and container(pod)["volumeMounts"][0]["name"] == "home"


@pytest.mark.parametrize(
    ("code", "reason", "ended"),
    [
        (2, "Error", Ended(2, out_of_memory=False)),
        (137, "OOMKilled", Ended(137, out_of_memory=True)),
        (137, "Error", Ended(137, out_of_memory=False)),
    ],
)
def test_how_a_pod_ended(code: int, reason: str, ended: Ended) -> None:
    state = k8s.V1ContainerState(terminated=k8s.V1ContainerStateTerminated(exit_code=code, reason=reason))
    status = k8s.V1ContainerStatus(name="base", image="i", image_id="i", ready=False, restart_count=0, state=state)
    pod = k8s.V1Pod(status=k8s.V1PodStatus(phase="Failed", container_statuses=[status]))
    assert how_it_ended(pod) == ended


def test_a_pod_that_never_ran_did_not_end() -> None:
    assert how_it_ended(None) is None
    assert how_it_ended(k8s.V1Pod(status=k8s.V1PodStatus(phase="Pending"))) is None
