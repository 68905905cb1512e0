"""A pod that runs one command of Sternway by itself: the whole saga, or the sweep."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sternway_steps.config import Config

from .build_pod import PodParts
from .config_maps import CONFIG
from .journal_key import key_parts
from .pod import RESTRICTED, namespace_env, pod_security


def one_pod(
    config: Config,
    account: str,
    maps: Sequence[str],
    more: PodParts,
    image: str,
    words: Sequence[str],
    env: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the pod spec of `sternway COMMAND --config …`.

    Args:
        config: the configuration, which the pod finds in /config.
        account: its service account.
        maps: the names of the ConfigMaps that hold the configuration and its manifests.
        more: what builds need.
        image: the image.
        words: the command, by which the container is named too, and its flags.
        env: further variables.

    """
    argo, key = config.argo, key_parts(config)
    container = {
        "name": words[0],
        "image": image,
        "command": ["sternway"],
        "args": [*words, "--config", f"/config/{CONFIG}"],
        # What is killed has no last word: then the end of its log is shown.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "env": [
            {"name": "HOME", "value": "/tmp"},  # noqa: S108  a volume of the pod's own
            *namespace_env(config),
            *key.env,
            *env,
            *more.env,
        ],
        "resources": {key: dict(value) for key, value in argo.resources.items() if value},
        "securityContext": {**RESTRICTED, **argo.security_context},
        "volumeMounts": [
            {"name": "config", "mountPath": "/config", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  the same
            *key.mounts,
            *more.mounts,
        ],
    }
    return filled(
        {
            "serviceAccountName": account,
            "restartPolicy": "Never",
            # SIGTERM (a drained node, a Job that is deleted) lets an undo come to its end: this long it may take.
            "terminationGracePeriodSeconds": math.ceil(argo.rollback_deadline),
            "securityContext": pod_security(config),
            "nodeSelector": dict(argo.node_selector),
            "tolerations": [dict(each) for each in argo.tolerations],
            "imagePullSecrets": [{"name": name} for name in argo.image_pull_secrets],
            "containers": [container],
            "volumes": [
                {"name": "config", "projected": {"sources": [{"configMap": {"name": name}} for name in maps]}},
                {"name": "tmp", "emptyDir": {}},
                *key.volumes,
                *more.volumes,
            ],
        }
    )


def filled(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data without what is empty."""
    return {key: value for key, value in data.items() if value not in (None, {}, [])}
