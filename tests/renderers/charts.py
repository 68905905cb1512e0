"""A chart with a definition, a workload and a hook, as files."""

from __future__ import annotations

from pathlib import Path

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: GROUP}
spec:
  group: GROUP_OF
  scope: Namespaced
  names: {kind: Flag, plural: flags, singular: flag}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
"""
FLAG = """\
apiVersion: GROUP_OF/v1
kind: Flag
metadata: {name: {{ .Release.Name }}}
spec: {on: true}
"""
WEB = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-settings
  namespace: {{ .Release.Namespace }}
data: {level: {{ .Values.level | quote }}, kube: {{ .Capabilities.KubeVersion.Version | quote }}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Release.Name }}}}
spec:
  replicas: 1
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: web, image: {{ required "image.name is required" .Values.image.name | quote }}}]
"""
HOOK = """\
apiVersion: batch/v1
kind: Job
metadata: {name: {{ .Release.Name }}-move, annotations: {helm.sh/hook: "pre-install,pre-upgrade"}}
spec:
  template: {spec: {restartPolicy: Never, containers: [{name: move, image: "localhost/busybox:1", command: [sh, -c, "exit 0"]}]}}
"""


def chart(folder: Path, group: str = "", *, hook: bool = False) -> Path:
    """Write the chart `shop`; `group` is of a definition and an object of it, "" for none."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.2.3\n")
    (folder / "values.yaml").write_text("level: info\nimage: {name: ''}\n")
    (folder / "templates/web.yaml").write_text(WEB)
    if group:
        (folder / "crds").mkdir()
        named = CRD.replace("GROUP_OF", group).replace("GROUP", f"flags.{group}")
        (folder / "crds/flags.yaml").write_text(named)
        (folder / "templates/flag.yaml").write_text(FLAG.replace("GROUP_OF", group))
    if hook:
        (folder / "templates/move.yaml").write_text(HOOK)
    return folder
