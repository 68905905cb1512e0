"""Sane workflows have no findings; other tests make them bad, one flaw at a time."""

from __future__ import annotations

import pytest
from sternway_templates.lint.check import check
from sternway_templates.lint.documents import read
from sternway_templates.lint.findings import Finding

SAGA = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: saga, namespace: shop}
spec:
  entrypoint: execute
  onExit: undo
  serviceAccountName: saga
  arguments: {parameters: [{name: image, value: "web:1"}]}
  synchronization: {mutexes: [{name: saga}]}
  templates:
  - name: execute
    steps:
    - - name: build
        template: make
        arguments: {parameters: [{name: what, value: "{{workflow.parameters.image}}"}]}
    - - name: deploy
        template: make
        arguments: {parameters: [{name: what, value: "{{steps.build.outputs.parameters.digest}}"}]}
  - name: undo
    steps:
    - - name: undeploy
        template: unmake
        when: "{{workflow.status}} != Succeeded"
        continueOn: {failed: true, error: true}
    - - name: report
        template: tell
  - name: make
    inputs: {parameters: [{name: what}]}
    container: {image: "maker:1", command: [make], args: ["{{inputs.parameters.what}}"]}
    outputs: {parameters: [{name: digest, valueFrom: {path: /tmp/digest}}]}
  - name: unmake
    activeDeadlineSeconds: 60
    container: {image: "maker:1", command: [unmake], args: ["{{workflow.uid}}"]}
  - name: tell
    activeDeadlineSeconds: 60
    container: {image: "maker:1", command: [tell], args: ["{{workflow.status}}", "{{workflow.failures}}"]}
"""

DAG = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: graph}
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: a, template: make}
      - {name: b, template: make, depends: a.Succeeded}
      - name: c
        template: use
        depends: a && b
        arguments: {parameters: [{name: x, value: "{{tasks.a.outputs.result}}"}]}
  - {name: make, script: {image: "maker:1", command: [sh], source: "make"}}
  - name: use
    inputs: {parameters: [{name: x}]}
    container: {image: "maker:1", command: [use], args: ["{{inputs.parameters.x}}"]}
"""

# One pod forward, one back.
SETS = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: sets}
spec:
  entrypoint: execute
  onExit: undo
  templates:
  - name: execute
    steps:
    - - {name: forward, template: forward}
  - name: undo
    steps:
    - - name: back
        template: back
        continueOn: {failed: true, error: true}
    - - name: again
        template: back
        when: "{{steps.back.status}} != Succeeded"
  - name: forward
    containerSet:
      containers:
      - {name: build, image: 'maker:1', command: [make]}
      - {name: deploy, image: 'maker:1', command: [make], dependencies: [build]}
  - name: back
    activeDeadlineSeconds: 60
    containerSet:
      containers:
      - {name: undeploy, image: 'maker:1', command: [unmake]}
      - {name: main, image: 'maker:1', command: [tell], dependencies: [undeploy]}
    outputs: {parameters: [{name: code, valueFrom: {path: /tmp/code, default: none}}]}
"""

# Steps side by side: in the entry, in the handler, and in the handler's last group.
ROWS = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: rows, namespace: shop}
spec:
  entrypoint: execute
  onExit: undo
  serviceAccountName: saga
  templates:
  - name: execute
    steps:
    - - {name: one, template: make, arguments: {parameters: [{name: what, value: one}]}}
      - name: two
        template: make
        arguments: {parameters: [{name: what, value: two}]}
    - - {name: first, template: make, arguments: {parameters: [{name: what, value: "{{steps.one.outputs.parameters.digest}}"}]}}
      - name: second
        template: make
        arguments: {parameters: [{name: what, value: "{{steps.two.outputs.parameters.digest}}"}]}
  - name: undo
    steps:
    - - {name: first, template: unmake, when: "{{workflow.status}} != Succeeded", continueOn: {failed: true, error: true}}
      - name: second
        template: unmake
        when: "{{workflow.status}} != Succeeded"
        continueOn: {failed: true, error: true}
    - - {name: report, template: tell}
      - name: notify
        template: tell
  - name: make
    inputs: {parameters: [{name: what}]}
    container: {image: "maker:1", command: [make], args: ["{{inputs.parameters.what}}"]}
    outputs: {parameters: [{name: digest, valueFrom: {path: /tmp/digest}}]}
  - name: unmake
    activeDeadlineSeconds: 60
    container: {image: "maker:1", command: [unmake], args: ["{{workflow.uid}}"]}
  - name: tell
    activeDeadlineSeconds: 60
    container: {image: "maker:1", command: [tell], args: ["{{workflow.status}}"]}
"""

CRON = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly, namespace: shop}
spec:
  schedules: ["30 2 * * 1-5"]
  timezone: Europe/Berlin
  concurrencyPolicy: Forbid
  workflowSpec:
    workflowTemplateRef: {name: saga}
---
""" + SAGA.replace("kind: Workflow\n", "kind: WorkflowTemplate\n")

RBAC = (
    SAGA
    + """\
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: saga, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: saga, namespace: shop}
rules:
- {apiGroups: [argoproj.io], resources: [workflowtaskresults], verbs: [create, patch]}
- {apiGroups: [apps], resources: [deployments, secrets], verbs: [get, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: saga, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: saga}
subjects: [{kind: ServiceAccount, name: saga, namespace: shop}]
"""
)

ROOT = """\
  - name: execute
    outputs:
      parameters:
      - {name: d, valueFrom: {parameter: "{{steps.build.outputs.parameters.digest}}"}}
    steps:
"""
INLINE = """\
    - - name: each
        withItems: [a, b]
        inline:
          inputs: {parameters: [{name: own, value: x}]}
          container: {image: "a:1", command: ["{{item}}"], args: ["{{inputs.parameters.own}}"]}
    - - name: all
        withItems: [a, b]
        inline:
          steps:
          - - {name: first, template: tell}
          - - {name: second, template: make, arguments: {parameters: [{name: what, value: "{{item}} {{steps.first.id}}"}]}}
"""
OTHER = """\
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: other}
spec:
  entrypoint: main
  onExit: undo
  templates:
  - {name: main, steps: [[{name: a, template: undo}]]}
  - {name: undo, activeDeadlineSeconds: 9, container: {image: "a:1", command: [a]}}
"""


def found(text: str) -> list[Finding]:
    whole = read(["-"], text.encode())
    assert not whole.broken, whole.broken
    return check(whole)


@pytest.mark.parametrize(
    "document",
    [SAGA, DAG, ROWS, SETS, CRON, RBAC, SAGA + OTHER],
    ids=["saga", "dag", "rows", "sets", "cron", "rbac", "other"],
)
def test_a_sane_workflow_has_no_findings(document: str) -> None:
    assert found(document) == []
