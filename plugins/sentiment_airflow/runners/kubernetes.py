"""A step as a pod, by Airflow's KubernetesPodOperator.

The volume claim is mounted where Airflow sees SENTIMENT_HOME, so the worker reads the step's result from its file, and
no sidecar is needed. If a worker is killed, the operator's next try finds the pod and continues with it.
"""

from __future__ import annotations

import os
import time
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException
from kubernetes.client import models as k8s

from sentiment.language import tr
from sentiment.settings import RunnerSettings
from sentiment_airflow.refusal import Refusal
from sentiment_airflow.runners.confinement import TMP, TMP_SIZE
from sentiment_airflow.runners.environment import SECRET
from sentiment_airflow.runners.settings import gpus_for, size_in_bytes
from sentiment_airflow.runners.step import Ended, StepCommand, StepLog, container_environment

GRACE_SECONDS = 2  # between TERM and KILL. Airflow gives a task 5 s before it kills the task itself
STARTUP_SECONDS = 1800  # the cluster may have to add a node with a GPU and pull an image of 3 GB
RESULT_SECONDS = 30.0  # a network volume may show a new file late
GPU = "nvidia.com/gpu"
# Everybody who may look at a pod sees its environment, so these come from a Secret or not at all.
KEY_ID = "AWS_ACCESS_KEY_ID"
HIDDEN_RESULT = "(the result, kept as the task's XCom)"


class KubernetesRunner:
    """Runs a step in a pod of the trainer's image."""

    def __init__(self, step: StepCommand, settings: RunnerSettings, context: Context) -> None:
        self._step, self._context = step, context
        self._image = settings.image
        self._operator = step_pod(step, settings)
        self._ended = False

    def shown(self) -> str:
        return f"In a pod of {self._image}: sentiment {' '.join(self._step.arguments)}"

    def run(self, log: StepLog) -> Ended:
        self._operator.log_formatter = lambda _, line: log.shown(line) or HIDDEN_RESULT
        try:
            self._operator.execute_sync(self._context)
        except AirflowException:
            ended = how_it_ended(self._operator.remote_pod)
            if ended is None or ended.code == 0:
                raise
            return ended
        finally:
            self._ended = True
        self._wait_for_result()
        return Ended(0, out_of_memory=False)

    def stop(self) -> None:
        if self._ended:
            return
        if self._operator.pod is None:
            raise AirflowException(f"{self._step.verb} was stopped before its pod existed")
        self._operator.on_kill()

    def _wait_for_result(self) -> None:
        deadline = time.monotonic() + RESULT_SECONDS
        while not self._step.result_file.is_file() and time.monotonic() < deadline:
            time.sleep(0.5)


def step_pod(step: StepCommand, settings: RunnerSettings) -> KubernetesPodOperator:
    """Returns the operator of the step's pod."""
    return KubernetesPodOperator(
        task_id=step.verb,
        name=f"sentiment-{step.verb}",
        namespace=settings.namespace or None,
        image=settings.image,
        arguments=[literal(argument) for argument in step.arguments],
        env_vars=[k8s.V1EnvVar(name=name, value=value) for name, value in pod_environment(step).items()],
        env_from=bucket_secret(step, settings),
        volumes=volumes(settings),
        volume_mounts=[
            k8s.V1VolumeMount(name="home", mount_path=str(step.home)),
            k8s.V1VolumeMount(name="shm", mount_path="/dev/shm"),
            k8s.V1VolumeMount(name="tmp", mount_path=TMP),
        ],
        container_resources=resources(step, settings),
        security_context=k8s.V1PodSecurityContext(
            run_as_user=os.getuid(),
            run_as_group=os.getgid(),
            run_as_non_root=os.getuid() != 0,
            fs_group=os.getgid(),
            fs_group_change_policy="OnRootMismatch",  # otherwise every start walks through every file of the volume
            seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
        ),
        container_security_context=k8s.V1SecurityContext(
            allow_privilege_escalation=False,
            capabilities=k8s.V1Capabilities(drop=["ALL"]),
            privileged=False,
            read_only_root_filesystem=True,
        ),
        automount_service_account_token=False,
        pod_template_file=settings.pod_template or None,
        labels={"app": "sentiment", "sentiment-verb": step.verb},
        startup_timeout_seconds=STARTUP_SECONDS,
        termination_grace_period=GRACE_SECONDS,
        container_name_log_prefix_enabled=False,
        log_pod_spec_on_failure=False,  # the spec contains the environment
        on_finish_action="delete_pod",
        do_xcom_push=False,
    )


def pod_environment(step: StepCommand) -> dict[str, str]:
    """Returns the pod's plain environment, which everybody who sees the pod can read."""
    given = container_environment(step)
    return {name: literal(value) for name, value in given.items() if name != KEY_ID and not SECRET.search(name)}


def bucket_secret(step: StepCommand, settings: RunnerSettings) -> list[k8s.V1EnvFromSource]:
    """Returns the Secret with the bucket's key, for the step that reads the bucket."""
    if "AWS_SECRET_ACCESS_KEY" in step.credentials and not settings.secret:
        raise Refusal(
            tr(
                "the bucket's key must come from a Secret of the cluster; found a key in Airflow only. "
                "Put the key into a Secret, and name the Secret in SENTIMENT_RUNNER_SECRET."
            )
        )
    if not (step.reads_bucket and settings.secret):
        return []
    return [k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=settings.secret))]


def volumes(settings: RunnerSettings) -> list[k8s.V1Volume]:
    """Returns all that a pod may write: the home's claim; /dev/shm, whose default of 64 MB is too small; and /tmp."""
    claim = k8s.V1PersistentVolumeClaimVolumeSource(claim_name=settings.claim)
    memory = k8s.V1EmptyDirVolumeSource(medium="Memory", size_limit=str(size_in_bytes(settings.shm)))
    disk = k8s.V1EmptyDirVolumeSource(size_limit=str(size_in_bytes(TMP_SIZE)))
    return [
        k8s.V1Volume(name="home", persistent_volume_claim=claim),
        k8s.V1Volume(name="shm", empty_dir=memory),
        k8s.V1Volume(name="tmp", empty_dir=disk),
    ]


def resources(step: StepCommand, settings: RunnerSettings) -> k8s.V1ResourceRequirements:
    """Returns what a step may use. It requests its full memory limit, so that its node really has that much."""
    memory = {"memory": settings.memory and str(size_in_bytes(settings.memory))}
    gpus = {GPU: str(gpus_for(settings, step.arguments) or "")}
    limits = {name: amount for name, amount in {**memory, **gpus}.items() if amount}
    return k8s.V1ResourceRequirements(limits=limits, requests=dict(limits))


def literal(text: str) -> str:
    """Returns a text in which Kubernetes expands nothing: in arguments and environment, `$(NAME)` is a variable."""
    return text.replace("$", "$$")


def how_it_ended(pod: Any) -> Ended | None:
    """Returns how the pod's step ended; None when it never ran or its node is gone."""
    statuses = (pod.status.container_statuses if pod and pod.status else None) or []
    for status in statuses:
        if status.state and status.state.terminated:
            done = status.state.terminated
            return Ended(done.exit_code, out_of_memory=done.reason == "OOMKilled")
    return None
