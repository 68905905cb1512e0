"""Keys that other tools have, or that stand in another section here: answered with what it is here."""

from __future__ import annotations

from collections.abc import Mapping

_MANIFEST = "write that as a manifest, and list its file under `manifests`, which may stand beside `image`"
_PORT = "port: 8080 is the port of the container and of the Service"
_CHART = "it is a key of `chart`, as in chart: {path: DIR, values: [values.yaml]}"
_CLUSTER = "--context NAME chooses the cluster, or KUBECONFIG; no file of the configuration does"
_ALWAYS = "a run waits until all is ready, and undoes itself when that fails: no key is needed"

NO_SHELL = "the program and each argument is an item, and no shell reads them; if one is meant: [sh, -c, 'LINE']"
"""For who writes a command as a line."""

OF_FILE: Mapping[str, str] = {
    "timeout": "deadline: 30m is the longest for a whole run, verify: {deadline: 5m} for its rollout",
    "prune": "write deploy: {prune: true}",
    "recreate": "it is an option of a step: {name: deploy, with: {recreate: true}}, or run --recreate",
    "force": "deploy: {forceConflicts: true} takes over fields of others",
    "wait": _ALWAYS,
    "atomic": _ALWAYS,
    "values": _CHART,
    "set": _CHART,
    "helm": "write chart: {path: DIR}",
    "tag": "the tag is part of the image's name: image: NAME:TAG",
    "version": "the version is the tag of the image: image: NAME:TAG; of a chart it is chart: {version: VERSION}",
    "ports": _PORT,
    "containerPort": _PORT,
    "targetPort": _PORT,
    "files": "`manifests` names files, folders and globs",
    "objects": "`manifests` names files, folders and globs",
    "context": _CLUSTER,
    "cluster": _CLUSTER,
    "kubeconfig": _CLUSTER,
    "ingress": _MANIFEST,
    "volumes": _MANIFEST,
    "configMap": _MANIFEST,
    "secrets": _MANIFEST,
    "cron": "write schedule: \"30 2 * * *\"",
}  # fmt: skip
"""At the top of the file."""

_EXECUTE = "a step that runs a program has execute: [PROGRAM, ARGUMENT, …]"
OF_STEP: Mapping[str, str] = {
    "command": _EXECUTE,
    "run": _EXECUTE,
    "script": _EXECUTE,
    "cmd": _EXECUTE,
    "args": _EXECUTE,
    "undo": "what undoes it is rollback: [PROGRAM, ARGUMENT, …]",
    "timeout": "deadline: 5m is the longest for one attempt",
    "type": "`uses` says which step it is",
    "kind": "`uses` says which step it is",
    "step": "`uses` says which step it is, and `name` what it is called",
    "prune": "write deploy: {prune: true} at the top of the file",
    "parallel": "a list among the steps is a group, whose steps run at the same time",
    "when": "on: failure, for one, lets a step run when all is over",
    "if": "on: failure, for one, lets a step run when all is over",
}
"""In a step."""

OF_CHART: Mapping[str, str] = {
    "chart": "path: DIR is a chart's folder; repo and name are one in a repository",
    "valueFiles": "values: [FILE] names files of values, set: {KEY: VALUE} has single ones",
    "valuesFiles": "values: [FILE] names files of values, set: {KEY: VALUE} has single ones",
    "releaseName": "release: NAME is what the chart takes for it; without it that is the configuration's `name`",
    "namespace": "the configuration's `namespace` is the chart's",
}
"""In `chart`."""

OF_VERIFY: Mapping[str, str] = {
    "timeout": "deadline: 5m is the longest for a rollout",
    "url": "http: [{path: /health}]",
}
"""In `verify`."""
