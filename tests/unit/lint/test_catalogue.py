"""Each rule finds its flaw in a workflow that has no other, at its place; and nothing in one that is nearly the same."""

from __future__ import annotations

import pytest
from sternway_templates.lint.catalogue import RULES

from tests.unit.lint.test_check import CRON, DAG, INLINE, OTHER, RBAC, ROOT, ROWS, SAGA, SETS, found

UNDO = "  - name: undo\n    steps:\n"
MAKE = "  - name: make\n    inputs: {parameters: [{name: what}]}\n"
BUILD = "    - - name: build\n        template: make\n"
TELL = '"{{workflow.failures}}"]'
DEADLINE = "  - name: unmake\n    activeDeadlineSeconds: 60\n"
EXECUTE = "  - name: execute\n    steps:\n"
REF = "    - - name: other\n        templateRef: {name: other, template: main}\n"

# rule, document, what is there, what makes it bad, and the text at whose line it is found.
HOOK = """        hooks: {exit: {template: make, arguments: {parameters: [{name: what, value: "{{steps.build.outputs.parameters.digest}}"}]}}}
"""
BLIND = HOOK.split(", arguments")[0] + "}}\n"
FAILED = """  hooks:
    failed:
      expression: workflow.status == "Failed"
      template: make
      arguments: {parameters: [{name: what, value: "{{workflow.outputs.parameters.x}}"}]}
"""
AGAIN = """    - - name: again
        template: back
        when: "{{steps.back.status}} != Succeeded"
"""
NARROW = "apiGroups: [apps], resources: [deployments, secrets], verbs: [get, patch]"
ALL = 'apiGroups: ["*"], resources: ["*"], verbs: [list]'
BAD = [
    ("wrong-shape", SAGA, BUILD, "    - name: early\n      template: tell\n" + BUILD, "name: early"),
    ("unknown-template", SAGA, "  entrypoint: execute\n", "", "apiVersion"),
    ("wrong-shape", SAGA, '{parameters: [{name: image, value: "web:1"}]}', "{parameters: {image: web}}", "image: web"),
    ("template-type", SAGA, DEADLINE, DEADLINE + "    suspend: {}\n", "name: unmake\n    a"),
    ("template-type", SAGA, DEADLINE, "  - {name: empty}\n" + DEADLINE, "empty"),
    ("unknown-template", SAGA, "onExit: undo", "onExit: undoo", "onExit"),
    ("unknown-template", SAGA, "template: tell", "template: tel", "template: tel"),
    ("unknown-template", SAGA, "  onExit: undo", "  onExit: undo\n  hooks: {a: {template: no, expression: 'true'}}", "hooks"),
    ("unknown-template", SAGA, BUILD, BUILD + "        onExit: undoo\n", "undoo"),
    ("unknown-template", CRON, "{name: saga}\n---", "{name: saga}\n    onExit: redo\n---", "redo"),
    ("unknown-dependency", DAG, "a.Succeeded", "aa.Succeeded", "aa.Succeeded"),
    ("unknown-dependency", DAG, "a.Succeeded", "a.Successful", "a.Successful"),
    ("unknown-field", SAGA, "  serviceAccountName: saga", "  serviceaccountName: saga", "serviceaccountName"),
    ("unknown-field", SAGA, BUILD, BUILD + "        withItem: [a]\n", "withItem"),
    ("duplicate-name", SAGA, "  - name: tell\n", "  - {name: make, suspend: {}}\n  - name: tell\n", "suspend"),
    ("duplicate-name", SAGA, "    - - name: report", "    - - name: undeploy", "undeploy\n        template: tell"),
    ("mixed-depends", DAG, "depends: a.Succeeded}", "dependencies: [a]}", "dependencies"),
    ("mixed-depends", DAG, "name: b, template", "name: b, continueOn: {failed: true}, template", "continueOn"),
    ("hook-without-expression", SAGA, "  onExit: undo", "  onExit: undo\n  hooks: {started: {template: tell}}", "hooks"),
    ("removed-field", SAGA, "{mutexes: [{name: saga}]}", "{mutex: {name: saga}}", "mutex"),
    ("removed-field", SAGA, MAKE, MAKE + "    synchronization: {semaphore: {configMapKeyRef: {}}}\n", "semaphore"),
    ("removed-field", CRON, 'schedules: ["30 2 * * 1-5"]', 'schedule: "30 2 * * 1-5"', "schedule"),
    ("templates-beside-ref", CRON, "{name: saga}\n---", "{name: saga}\n    templates: [{name: a, suspend: {}}]\n---", "suspend"),
    ("deadline-on-steps", SAGA, EXECUTE, "  - name: execute\n    activeDeadlineSeconds: 9\n    steps:\n", "Seconds: 9"),
    ("exit-handler-by-template-ref", SAGA, "        template: tell", "        templateRef: {name: a, template: b}", "templateRef"),
    ("exit-handler-not-inherited", SAGA + OTHER, EXECUTE, EXECUTE + REF, "templateRef"),
    ("exit-handler-in-hooks", SAGA.replace(TELL, '"x"]'), "  onExit: undo", "  hooks: {exit: {template: undo}}", "hooks"),
    ("exit-handler-in-hooks", SAGA, "  onExit: undo", "  onExit: undo\n  hooks: {exit: {template: tell}}", "hooks"),
    ("entry-is-a-pod", SAGA, "  entrypoint: execute", "  entrypoint: tell", "[tell]"),
    ("root-outputs", SAGA.replace("template: make\n", "template: make\n        when: '1 == 1'\n"), EXECUTE, ROOT, "name: d"),
    ("handler-stops-early", SAGA, "        continueOn: {failed: true, error: true}\n", "", "- - name: undeploy"),
    ("handler-stops-early", SAGA, "{failed: true, error: true}", "{failed: true}", "continueOn"),
    ("handler-is-dag", SAGA, UNDO, "  - {name: undo, dag: {tasks: [{name: report, template: tell}]}}\n  - name: old\n    steps:\n", "dag:"),
    ("handler-gating", SAGA, "{{workflow.status}} != Succeeded", "{{workflow.status}} == Failed", "== Failed"),
    ("handler-gating", SAGA, "{{workflow.status}} != Succeeded", "'{{workflow.failures}}' =~ 'deploy'", "=~"),
    ("handler-retry", SAGA, DEADLINE, DEADLINE + "    retryStrategy: {limit: 3}\n", "limit: 3"),
    ("hook-reads-outputs", SAGA, BUILD, BUILD + HOOK, "hooks"),
    ("hook-reads-outputs", SAGA, BUILD, BUILD + HOOK.replace("exit: {", "late: {expression: 'steps.build.status != \"Succeeded\"', "), "hooks"),
    ("hook-reads-outputs", SAGA, "  serviceAccountName: saga\n", "  serviceAccountName: saga\n" + FAILED, "{{workflow.outputs"),
    ("hook-missing-argument", SAGA, UNDO, "  - name: undo\n    inputs: {parameters: [{name: why}]}\n    steps:\n", "onExit"),
    ("hook-missing-argument", SAGA, BUILD, BUILD + BLIND, "hooks"),
    ("hook-missing-argument", SAGA, BUILD, BUILD + BLIND.replace("exit: {", "late: {expression: '1 == 1', "), "hooks"),
    ("handler-deadline", SAGA, DEADLINE, "  - name: unmake\n", "[unmake]"),
    ("handler-timeout", SAGA, DEADLINE, DEADLINE + "    timeout: 60s\n", "timeout"),
    ("handler-timeout", SAGA, DEADLINE, DEADLINE + "    pendingTimeout: 60s\n", "pendingTimeout"),
    ("handler-set-once", SETS, AGAIN, "", "containerSet:\n      containers:\n      - {name: un"),
    ("set-dependencies", SETS, "dependencies: [build]", "dependencies: [bild]", "bild"),
    ("set-dependencies", SETS, "- {name: build,", "- {name: build, dependencies: [deploy],", "[deploy]"),
    ("set-names", SETS, "- {name: build,", "- {name: wait, image: a, command: [a]}\n      - {name: build,", "wait"),
    ("set-names", SETS, "{name: main, image", "{name: last, image", "outputs:"),
    ("set-exit-code", SETS, "  - name: forward\n", "  - name: forward\n    retryStrategy: {limit: 2, expression: 'asInt(lastRetry.exitCode) == 75'}\n", "lastRetry"),
    ("missing-command", SETS, "{name: build, image: 'maker:1', command: [make]}", "{name: build, image: 'maker:1'}", "{name: build"),
    ("handler-reads-outputs", SAGA.replace("{name: digest,", "{name: digest, globalName: g,"), TELL, '"{{workflow.outputs.parameters.g}}"]', "outputs.parameters.g}"),
    ("output-of-failed-step", SAGA, BUILD, BUILD + "        continueOn: {failed: true}\n", "{{steps.build"),
    ("output-of-failed-step", DAG, "depends: a && b", "depends: (a || a.Failed) && b", "{{tasks.a"),
    ("output-of-failed-step", DAG.replace("a.Succeeded", "a.Failed"), "depends: a && b", "depends: b", "{{tasks.a"),
    ("undefined-input", SAGA, "{{inputs.parameters.what}}", "{{inputs.parameters.wat}}", "parameters.wat"),
    ("undefined-input", SAGA, "{{inputs.parameters.what}}", "{{=inputs.parameters['wat']}}", "'wat'"),
    ("undefined-global", SAGA, "{{workflow.parameters.image}}", "{{workflow.parameters.imag}}", "parameters.imag}"),
    ("undefined-global", SAGA, "{{workflow.uid}}", "{{workflow.uuid}}", "workflow.uuid"),
    ("undefined-global", SAGA, "[make]", '["{{workflow.outputs.parameters.digest}}"]', "workflow.outputs"),
    ("undefined-global", SAGA.replace("  onExit: undo\n", ""), "{{workflow.uid}}", "{{workflow.uid}}", "failures"),
    ("undefined-global", CRON, "{{workflow.parameters.image}}", "{{workflow.parameters.imagee}}", "imagee"),
    ("undefined-step", SAGA, "{{steps.build.outputs", "{{steps.biuld.outputs", "biuld"),
    ("undefined-step", SAGA, "    - - name: deploy", "      - name: deploy", "{{steps.build"),
    ("undefined-step", SAGA, "{{workflow.uid}}", "{{steps.build.outputs.result}}", "outputs.result"),
    ("undefined-step", SAGA, "        template: tell", "        template: tell\n        when: '{{steps.build.outputs.result}} == x'", "build.outputs.result"),
    ("undefined-input", DAG, 'source: "make"', 'source: "a\\n{{inputs.parameters.no}}"', "parameters.no"),
    ("undefined-input", DAG, 'source: "make"}}', 'source: &s "x"}}\n  - name: long\n    script:\n      image: "a:1"\n      command: [sh]\n      source: |\n        one\n        two {{inputs.parameters.no}}\n', "two {{"),
    ("undefined-step", DAG, "        depends: a && b\n", "", "{{tasks.a"),
    ("undefined-output", SAGA, "parameters.digest}}", "parameters.digst}}", "digst}}"),
    ("undefined-item", SAGA, "{{workflow.parameters.image}}", "{{item}}", "{{item}}"),
    ("undefined-item", SAGA, BUILD + "        arguments: {parameters: [{name: what, value: \"{{workflow.parameters.image}}\"}]}", BUILD + "        withItems: [{a: 1}, {b: 2}]\n        arguments: {parameters: [{name: what, value: \"{{item.c}}\"}]}", "item.c"),
    ("missing-argument", SAGA, "name: what, value: \"{{workflow", "name: wat, value: \"{{workflow", "name: wat,"),
    ("missing-argument", DAG, "entrypoint: main", "entrypoint: use", "entrypoint"),
    ("lock-asked-twice", SAGA, DEADLINE, DEADLINE + "    synchronization: {mutexes: [{name: saga, namespace: shop}]}\n", "namespace: shop}]"),
    ("cron-replace", CRON, "Forbid", "Replace", "Replace"),
    ("cron-name", CRON, "{name: nightly", "{name: " + "n" * 53, "nnn"),
    ("cron-schedule", CRON, "30 2 * * 1-5", "30 2 * * 1-7", "1-7"),
    ("cron-schedule", CRON, 'schedules: ["30 2 * * 1-5"]', "schedules: []", "schedules"),
    ("cron-timezone", CRON, "Europe/Berlin", "Berlin/Europe", "Berlin/Europe"),
    ("missing-command", SAGA, "command: [unmake], ", "", "{{workflow.uid}}"),
    ("privileged", SAGA, "command: [unmake],", "command: [unmake], securityContext: {privileged: true},", "privileged"),
    ("privileged", SAGA, "command: [unmake],", "command: [unmake], securityContext: {capabilities: {add: [SYS_ADMIN]}},", "SYS_ADMIN"),
    ("privileged", SAGA, "  onExit: undo", "  onExit: undo\n  securityContext: {runAsUser: 0}", "runAsUser"),
    ("privileged", SAGA, "  onExit: undo", "  onExit: undo\n  podSpecPatch: '{\"hostPID\": true}'", "hostPID"),
    ("privileged", SAGA, "  onExit: undo", "  onExit: undo\n  volumes: [{name: v, hostPath: {path: /}}]", "hostPath"),
    ("rbac-too-small", RBAC, "verbs: [create, patch]}", "verbs: [create]}", "rules:"),
    ("rbac-too-wide", RBAC, "verbs: [get, patch]", 'verbs: ["*"]', 'verbs: ["*"]'),
    ("rbac-too-wide", RBAC, "verbs: [get, patch]", "verbs: [get, escalate]", "escalate"),
    ("rbac-too-wide", RBAC, NARROW, ALL.replace("list", "list, get"), "apiGroups: [\"*"),
    ("rbac-too-wide", RBAC.replace("kind: Role,", "kind: ClusterRole,").replace("kind: Role\n", "kind: ClusterRole\n").replace("kind: RoleBinding", "kind: ClusterRoleBinding"), NARROW, ALL, "apiGroups: [\"*"),
    ("rbac-too-wide", RBAC.replace("kind: Role,", "kind: ClusterRole,").replace("kind: Role\n", "kind: ClusterRole\n"), "kind: RoleBinding", "kind: ClusterRoleBinding", "secrets"),
]  # fmt: skip

# The same, in the second of two steps that run side by side.
TWO = "      - name: two\n        template: make\n"
SECOND = "      - name: second\n        template: make\n"
UNDONE = "      - name: second\n        template: unmake\n"
NOTIFY = "      - name: notify\n        template: tell\n"
GO_ON = "        continueOn: {failed: true, error: true}\n"
GATE = '        when: "{{workflow.status}} != Succeeded"\n'
BESIDE = [
    ("wrong-shape", ROWS, "    - - {name: first, template: make", "    - {name: early, template: tell}\n    - - {name: first, template: make", "early"),
    ("unknown-template", ROWS, NOTIFY, NOTIFY.replace("template: tell", "template: tel"), "template: tel\n"),
    ("unknown-field", ROWS, TWO, TWO + "        withItem: [a]\n", "withItem"),
    ("duplicate-name", ROWS, "name: notify\n", "name: report\n", "name: report\n"),
    ("exit-handler-by-template-ref", ROWS, NOTIFY, NOTIFY.replace("template: tell", "templateRef: {name: a, template: b}"), "templateRef"),
    ("exit-handler-not-inherited", ROWS + OTHER, TWO, "      - name: other\n        templateRef: {name: other, template: main}\n" + TWO, "templateRef"),
    ("root-outputs", ROWS.replace(TWO, TWO + GO_ON).replace("path: /tmp", "default: none, path: /tmp"), EXECUTE, ROOT.replace("build", "two"), "name: d,"),
    ("handler-stops-early", ROWS, GO_ON, "", "name: second\n        template: unmake"),
    ("handler-stops-early", ROWS, GO_ON, "        continueOn: {failed: true}\n", "continueOn: {failed: true}\n"),
    ("handler-gating", ROWS, GATE, GATE.replace("!= Succeeded", "== Failed"), "== Failed"),
    ("handler-reads-outputs", ROWS.replace("{name: digest,", "{name: digest, globalName: g,"), GATE, GATE.replace("!= S", "!= S{{workflow.outputs.parameters.g}}"), "parameters.g}}"),
    ("output-of-failed-step", ROWS, TWO, TWO + GO_ON, "{{steps.two"),
    ("undefined-global", ROWS, "value: two}", "value: '{{workflow.nme}}'}", "workflow.nme"),
    ("undefined-step", ROWS, "{name: what, value: two}", "{name: what, value: '{{steps.one.outputs.parameters.digest}}'}", "value: '{{steps.one"),
    ("undefined-step", ROWS, "{{steps.two.", "{{steps.first.", "{{steps.first."),
    ("undefined-output", ROWS, "{{steps.two.outputs.parameters.digest", "{{steps.two.outputs.parameters.digst", "digst"),
    ("undefined-item", ROWS, "value: two}", "value: '{{item}}'}", "{{item}}"),
    ("missing-argument", ROWS, "{name: what, value: two}", "{name: wat, value: two}", "name: wat"),
]  # fmt: skip

# document, what is there, and what is as good.
GOOD = [
    (ROWS, NOTIFY, NOTIFY + GO_ON),
    (ROWS, NOTIFY, NOTIFY + GATE.replace("!=", "==")),
    (ROWS, SECOND, SECOND + GO_ON),  # nothing reads what it gives
    (ROWS.replace("path: /tmp", "default: none, path: /tmp"), TWO, TWO + GO_ON),
    (ROWS, EXECUTE, ROOT.replace("build", "two")),
    (SAGA, "onExit: undo", "onExit: '{{workflow.parameters.image}}'"),
    (SAGA, "  templates:", "  somethingNew: 1\n  templates:"),
    (SAGA, MAKE, MAKE + "    synchronization: {mutexes: [{name: another}]}\n"),
    (SAGA, MAKE, MAKE + "    synchronization: {mutexes: [{name: saga, namespace: elsewhere}]}\n"),
    (SAGA, MAKE, MAKE + "    retryStrategy: {limit: 3}\n"),
    (SAGA, DEADLINE, DEADLINE + "    retryStrategy: {limit: 3, expression: 'asInt(lastRetry.exitCode) == 75'}\n"),
    (SAGA, DEADLINE + "    container: {image", "  - name: unmake\n    activeDeadlineSeconds: 60\n    container: {image"),
    (SAGA, "  templates:", "  templateDefaults: {activeDeadlineSeconds: 60}\n  templates:"),
    (SAGA, EXECUTE, EXECUTE + REF),
    (SAGA + OTHER, EXECUTE, EXECUTE + REF.replace("template: main", "template: undo")),
    (SAGA, EXECUTE, ROOT),
    (SAGA.replace("template: make\n", "template: make\n        when: '1 == 1'\n"), EXECUTE, ROOT.replace("{parameter", "{default: x, parameter")),
    (SAGA, BUILD, BUILD + HOOK.replace("exit: {", "exit: {expression: 'steps.build.status == \"Succeeded\"', ")),
    (SAGA.replace("{path: /tmp", "{default: none, path: /tmp"), BUILD, BUILD + HOOK),
    (SAGA, BUILD, BUILD + HOOK.replace("outputs.parameters.digest", "exitCode")),
    (SAGA, BUILD, BUILD + HOOK.replace("{{steps.build.outputs.parameters.digest}}", "{{=steps.build.outputs?.parameters?.digest ?? 'none'}}")),
    (SAGA, "  serviceAccountName: saga\n", "  serviceAccountName: saga\n" + FAILED.replace("Failed", "Succeeded")),
    (SAGA, UNDO, "  - name: undo\n    inputs: {parameters: [{name: image}]}\n    steps:\n"),
    (SAGA.replace("{name: what}]", "{name: image}]").replace("name: what,", "name: image,").replace("parameters.what", "parameters.image"), BUILD, BUILD + BLIND),
    (SAGA.replace("kind: Workflow\n", "kind: WorkflowTemplate\n"), UNDO, "  - name: undo\n    inputs: {parameters: [{name: why}]}\n    steps:\n"),
    (SAGA, "{{workflow.status}} != Succeeded", "{{workflow.status}} == Failed || {{workflow.status}} == Error"),
    (SAGA, "{{workflow.parameters.image}}", "{{=workflow.parameters.imag ?? 'none'}}"),
    (SAGA, "{{workflow.uid}}", "{{=workflow.outputs?.parameters?.['x'] ?? 'none'}}"),
    (SAGA, "{{workflow.uid}}", "{{ .Values.x }} {{item}} {{user `a`}} {{steps.name}}"),
    (SAGA, "{{workflow.uid}}", "{{=sprig.trim('inputs.parameters.x')}}"),
    (SAGA, "{{workflow.uid}}", "{{workflow.creationTimestamp.Y}} {{workflow.labels.any}} {{workflow.parameters}} {{workflow.parameters.json}}"),
    (SAGA, BUILD + "        arguments: {parameters: [{name: what, value: \"{{workflow.parameters.image}}\"}]}", BUILD + "        withItems: [{a: 1}, {b: 2}]\n        arguments: {parameters: [{name: what, value: \"{{item.b}}\"}]}"),
    (SAGA, '"{{workflow.parameters.image}}"}]}', '"{{item.any}}"}]}\n        withParam: "[]"'),
    (SAGA.replace("{path: /tmp", "{default: none, path: /tmp"), BUILD, BUILD + "        continueOn: {failed: true}\n"),
    (SAGA.replace("- name: deploy", "- when: '{{steps.build.status}} == Succeeded'\n        name: deploy"), BUILD, BUILD + "        continueOn: {failed: true}\n"),
    (SAGA, "{name: what}]", "{name: what, default: a}]"),
    (SAGA, "[{name: what}]", "&what [{name: what}]"),
    (SAGA, "image: \"maker:1\", command: [tell]", "<<: &c {image: \"maker:1\", command: [tell]}"),
    (SAGA, "command: [unmake],", "command: [unmake], securityContext: {privileged: false, runAsUser: 1000, capabilities: {add: [NET_BIND_SERVICE]}},"),
    (SAGA, '{name: image, value: "web:1"}', '{name: image, value: "web:1"}, {name: privileged, value: "true"}'),
    (SAGA, "kind: Workflow\n", "kind: WorkflowTemplate\n"),
    (SAGA.replace("kind: Workflow\n", "kind: WorkflowTemplate\n"), "{{workflow.parameters.image}}", "{{workflow.parameters.region}}"),
    (DAG, "depends: a.Succeeded", "depends: a.Succeeded || a.Failed"),
    (DAG, "depends: a && b", "depends: a.Succeeded && (b || b.Failed)"),
    (DAG, "depends: a && b", "depends: b"),
    (DAG.replace("a && b", "a || a.Failed"), "{{tasks.a.outputs.result}}", "{{tasks.a.status}}"),
    (DAG.replace("a && b", "a || a.Failed"), "{{tasks.a.outputs.result}}", "{{=tasks.a.outputs?.result ?? 'none'}}"),
    (SAGA, EXECUTE, EXECUTE + INLINE),
    (SAGA.replace("{name: digest,", "{name: digest, globalName: g,").replace(TELL, '"{{workflow.outputs.parameters.g}}"]'), "        template: tell", "        template: tell\n        when: '{{workflow.status}} == Succeeded'"),
    (DAG.replace("a && b", "a || a.Failed").replace("{name: make,", "{name: make, outputs: {artifacts: [{name: y, path: /y}]},"), "parameters: [{name: x, value: \"{{tasks.a.outputs.result}}\"}", "artifacts: [{name: y, optional: true, from: \"{{tasks.a.outputs.artifacts.y}}\"}], parameters: [{name: x, value: a}"),
    (CRON, "30 2 * * 1-5", "@daily"),
    (CRON, "30 2 * * 1-5", "@every 1h30m"),
    (CRON, "30 2 * * 1-5", "*/15 0-6/2,22 ? JAN-mar Mon,fri"),
    (CRON, "30 2 * * 1-5", "TZ=UTC 0 1 * * *"),
    (CRON.replace("  onExit: undo\n", "").replace("workflow.failures", "workflow.name"), "Forbid", "Replace"),
    (RBAC, "subjects: [{kind: ServiceAccount, name: saga,", "subjects: [{kind: ServiceAccount, name: another,"),
    (RBAC, "verbs: [create, patch]}", "verbs: [create]}\n- {apiGroups: [argoproj.io], resources: [workflowtaskresults], verbs: [patch]}"),
    (RBAC.replace("verbs: [create, patch]", "verbs: [get]"), "kind: Role,", "kind: ClusterRole,"),
    (RBAC, "[deployments, secrets]", "[deployments, workflows]"),
    (RBAC, NARROW, ALL),
]  # fmt: skip


def changed(document: str, old: str, new: str) -> str:
    assert document.count(old) == 1 or old == new, f"{document.count(old)} times: {old!r}"
    return document.replace(old, new)


@pytest.mark.parametrize(
    ("rule", "document", "old", "new", "at"),
    [*BAD, *BESIDE],
    ids=[
        *(f"{n}-{case[0]}" for n, case in enumerate(BAD)),
        *(f"beside-{n}-{case[0]}" for n, case in enumerate(BESIDE)),
    ],
)
def test_a_flaw_is_found_at_its_place_and_nothing_else(rule: str, document: str, old: str, new: str, at: str) -> None:
    text = changed(document, old, new)
    findings = found(text)
    assert {finding.rule for finding in findings} == {rule}
    assert text[: text.index(at)].count("\n") + 1 in {finding.location.line for finding in findings}


@pytest.mark.parametrize(("document", "old", "new"), GOOD)
def test_what_is_nearly_the_same_and_good_has_no_findings(document: str, old: str, new: str) -> None:
    assert [str(finding) for finding in found(changed(document, old, new))] == []


def test_what_is_less_certain_is_a_warning() -> None:
    unknown = CRON.split("---")[0].replace("Forbid", "Replace")
    lock = "{configMapKeyRef: {name: locks, key: shop}}"
    many = SAGA.replace("{mutexes: [{name: saga}]}", "{semaphores: [" + lock + "]}")
    many = many.replace(MAKE, MAKE + "    synchronization: {semaphores: [" + lock + "]}\n")
    findings = [*found(unknown), *found(many)]
    assert [(f.rule, f.severity.value) for f in findings] == [
        ("cron-replace", "warning"),
        ("lock-asked-twice", "warning"),
    ]


def test_every_rule_is_tried_here() -> None:
    assert {rule.id for rule in RULES} == {case[0] for case in BAD}
