"""The configuration: what is taken, what is refused, and where."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sternway_steps.config import Config, ConfigErrors
from sternway_steps.registry.load import load
from sternway_steps.yamltree.errors import ConfigError
from sternway_steps.yamltree.parser import parse_all

GOOD = "name: web\nimage: web:1\nport: 8080\n"


def read(tmp_path: Path, text: str | bytes, *overrides: str, stdin: str = "", **environ: str) -> Config:
    path = tmp_path / "sternway.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, overrides=overrides, environ=environ, stdin=io.StringIO(stdin))


BAD = {
    "unknown key": (GOOD + "replcas: 3\n", "4:1: replcas: this key is not known; did you mean 'replicas'?"),
    "case": (GOOD + "Replicas: 3\n", "4:1: Replicas: this key is not known; did you mean 'replicas'?"),
    "wrong type": (GOOD + "replicas: many\n", "4:11: replicas: this is a string; expected a whole number"),
    "bool for a number": (GOOD + "replicas: yes\n", "4:11: replicas: this is true or false; expected a whole number"),
    "no is no name": ("name: no\nimage: web:1\n", '1:7: name: YAML reads no as true or false; expected a string; put it in quotes: "no"'),
    "a version": ("name: web\nimage: 1.10\n", '2:8: image: YAML reads 1.10 as a number; expected a string; put it in quotes: "1.10"'),
    "bad name": ("name: Web_1\nimage: web:1\n", "1:7: name: 'Web_1' is not valid; expected a DNS label"),
    "bad image": ("name: web\nimage: 'web 1'\n", "2:8: image: 'web 1' is not valid; expected an image reference"),
    "bad quantity": (GOOD + "resources: {limits: {memory: 12Q}}\n", "resources.limits.memory: '12Q' is not valid; expected a quantity"),
    "less than nothing": (GOOD + "resources: {limits: {memory: -1}}\n", "resources.limits.memory: '-1' is not valid; expected a quantity"),
    "bad duration": (GOOD + "deadline: soon\n", "4:11: deadline: 'soon' is no time span; expected a time like 90s"),
    "no time": (GOOD + "deadline: 0s\n", "deadline: 0s is out of range"),
    "bad port": ("name: web\nimage: web:1\nport: 70000\n", "3:7: port: 70000 is out of range; expected a whole number from 1 to 65535"),
    "twice": (GOOD + "name: other\n", "4:1: name: key 'name' stands twice, first in line 1"),
    "no name": ("image: web:1\n", "1:1: name: this key is required"),
    "nothing to deploy": ("name: web\n", "1:1: image: there is nothing to deploy; expected image, manifests, chart or kustomize"),
    "no such file": ("name: web\nmanifests: [nope.yaml]\n", "2:13: manifests: 'nope.yaml' names no file"),
    "a typo in a file": ("name: web\nmanifests: [sternway.yam]\n", "did you mean 'sternway.yaml'?"),
    "a list": ("- a\n", "this is no mapping; expected a mapping: key: value"),
    "empty": ("", "1:1: the file is empty"),
    "a tab": ("name: web\n\timage: x\n", "2:1: this is no valid YAML"),
    "broken": ("name: [web\n", "this is no valid YAML"),
    "not UTF-8": (b"name: web\nimage: \xff\n", "2:1: this is no UTF-8 text"),
    "a loop": ("a: &a [*a]\nname: web\n", "this holds itself, by an alias"),
    "a program": ("name: !!python/object:os.system x\n", "can't be read"),
    "env from nowhere": (GOOD + "env: {A: {secret: s}}\n", "env.A: this says not where the value comes from"),
    "a number in env": (GOOD + "env: {A: 1}\n", "env.A: YAML reads 1 as a number"),
    "http without a service": ("name: web\nimage: web:1\nverify: {http: [{path: /}]}\n", "verify.http[0].service: this key is required"),
    "status": (GOOD + "verify: {http: [{status: 99}]}\n", "verify.http[0].status: 99 is out of range"),
    "a rule's path": (GOOD + "verify:\n  rules:\n    - {kind: Shop.example.org, ready: [stauts.phase=Up]}\n", "6:40: verify.rules[0].ready[0]: 'stauts.phase' begins with 'stauts'; expected an expression such as status.phase=Succeeded; a path begins with metadata, spec, status, conditions"),
    "a rule's operator": (GOOD + "verify: {rules: [{kind: Shop.example.org, failed: [status.phase==Up]}]}\n", "verify.rules[0].failed[0]: 'status.phase==Up' has an operator that there is not; expected an expression such as status.phase=Succeeded; the operators are =, != and ~"),
    "a rule's regular expression": (GOOD + "verify: {rules: [{kind: Shop.example.org, ready: ['status.phase~(Up']}]}\n", "verify.rules[0].ready[0]: '(Up' is no regular expression: missing ), unterminated subpattern"),
    "a rule that compares nothing": (GOOD + "verify: {rules: [{kind: Shop.example.org, ready: [Ready]}]}\n", "verify.rules[0].ready[0]: 'Ready' compares nothing; expected an expression such as status.phase=Succeeded; write PATH=VALUE, PATH!=VALUE or PATH~REGEX"),
    "a rule's broken path": (GOOD + "verify: {rules: [{kind: Shop.example.org, ready: ['status..phase=Up']}]}\n", "verify.rules[0].ready[0]: 'status..phase' is no path"),
    "a rule's kind": (GOOD + "verify: {rules: [{kind: Shop, ready: [status.phase=Up]}]}\n", "verify.rules[0].kind: 'Shop' names no kind; expected KIND.GROUP, such as Workflow.argoproj.io; the kinds of the core group are judged by themselves"),
    "a rule for what has no state": (GOOD + "verify: {rules: [{kind: Role.rbac.authorization.k8s.io, ready: [status.phase=Up]}]}\n", "verify.rules[0].kind: Role.rbac.authorization.k8s.io has no state: it is there or not"),
    "a rule that says nothing": (GOOD + "verify: {rules: [{kind: Shop.example.org}]}\n", "4:18: verify.rules[0]: this rule says nothing; expected ready, failed, or both"),
    "a rule without a kind": (GOOD + "verify: {rules: [{ready: [status.phase=Up]}]}\n", "verify.rules[0].kind: this key is required"),
    "another tool's key": (GOOD + "timeout: 5m\n", "4:1: timeout: this key is not known; deadline: 30m is the longest for a whole run"),
    "another tool's key of a step": (GOOD + "steps: [{name: a, command: [x]}]\n", "steps[0].command: this key is not known; a step that runs a program has execute: [PROGRAM"),
    "a key of a section": (GOOD + "on_conflict: stop\n", "4:1: on_conflict: this key is not known; did you mean deploy.onConflict?"),
    "a path for a chart": ("name: web\nnamespace: a\nchart: ./web\n", "3:8: chart: this is no mapping; expected a mapping: {path: ./web}"),
    "values for files": ("name: web\nnamespace: a\nchart: {path: web, values: {a: b}}\n", "chart.values: this is no list; expected a list: one line for each item, with '- ' before it; files are named here; single values go into `set`"),
    "one for a list": ("name: web\nmanifests: k8s\n", "2:12: manifests: this is no list; expected a list: [k8s]"),
    "one for a list of mappings": (GOOD + "verify: {http: /health}\n", "verify.http: this is no list; expected a list: [{path: /health}]"),
    "a number in quotes": (GOOD + "replicas: '2'\n", "4:11: replicas: this is a string; expected a whole number from 0 to 100000; remove the quotes"),
    "yes for a word": (GOOD + "hooks: yes\n", "4:8: hooks: 'yes' is not known; expected ignore or run"),
    "policy": (GOOD + "deploy: {onConflict: ask}\n", "deploy.onConflict: 'ask' is not known; expected stop or merge or force"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_refused_names_place_and_remedy(tmp_path: Path, case: str) -> None:
    text, words = BAD[case]
    with pytest.raises(ConfigErrors) as raised:
        read(tmp_path, text)
    assert words in str(raised.value)
    assert "sternway.yaml:" in str(raised.value)


def test_an_alias_bomb_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 10) + "]" for n in range(1, 9)]
    with pytest.raises(ConfigErrors, match="over 100000 values"):
        read(tmp_path, "\n".join(lines))


def test_a_document_with_too_many_values_is_not_read_to_its_end() -> None:
    errors: list[ConfigError] = []
    documents = parse_all("a: 1\n---\n" + "- 1\n" * 100_001 + "}} this is no YAML", "m.yaml", errors)
    assert [document.value.keys() for document in documents] == [{"a"}]
    assert [str(error) for error in errors] == [
        "m.yaml:2:1: the document has over 100000 values; split it, or write it without aliases"
    ]


def test_of_thousands_of_keys_that_are_not_known_the_first_are_told_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors) as raised:
        read(tmp_path, "name: web\nimage: web:1\n" + "".join(f"imag{n}: x\n" for n in range(5_000)))
    assert len(raised.value.errors) == 5_000
    lines = str(raised.value).splitlines()
    assert ([line.endswith("did you mean 'image'?") for line in lines[:-1]], lines[-1]) == (
        [True] * 100,
        "and 4900 more",
    )


def test_all_findings_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors) as raised:
        read(tmp_path, "name: No\nimage: web:1\nreplicas: x\nverfy: {}\nmanifests: [nix]\n")
    assert [error.location.line for error in raised.value.errors] == [1, 3, 4, 5]


MANIFESTS = {
    "no kind": ("apiVersion: v1\nmetadata: {name: a}\n", "m.yaml:1:1: kind: kind is missing"),
    "a name that is a path": ("apiVersion: v1\nkind: X\nmetadata: {name: ..}\n", "m.yaml:1:1: metadata.name: '..' can't be a name"),
    "a namespace that is one": ("apiVersion: v1\nkind: X\nmetadata: {name: a, namespace: a/../b}\n", "m.yaml:1:1: metadata.namespace: 'a/../b' can't be a namespace"),
    "no name": ("apiVersion: v1\nkind: X\nmetadata: {}\n", "m.yaml:1:1: metadata.name: metadata.name is missing"),
    "generated": ("apiVersion: v1\nkind: X\nmetadata: {generateName: a-}\n", "a generated name can't be found again"),
    "twice": ("apiVersion: v1\nkind: X\nmetadata: {name: a}\n" * 1 + "---\napiVersion: v1\nkind: X\nmetadata: {name: a}\n", "m.yaml:5:1: manifests: X a stands twice, first at m.yaml:1"),
    "a word": ("hello\n", "m.yaml:1:1: this is no Kubernetes object"),
    "broken": ("apiVersion: v1\nkind: [\n", "m.yaml:3:1: this is no valid YAML"),
}  # fmt: skip


@pytest.mark.parametrize("case", MANIFESTS)
def test_manifests_name_their_place_too(tmp_path: Path, case: str) -> None:
    text, words = MANIFESTS[case]
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(ConfigErrors) as raised:
        read(tmp_path, "name: web\nmanifests: [m.yaml]\n")
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("kustomization.yaml", "folder m is a kustomization, whose objects are built first; its objects come from kustomize: m"),
        ("Chart.yaml", "folder m is a Helm chart, whose templates are rendered first; its objects come from chart: {path: m}"),
        ("README.md", "folder 'm' holds no .yaml, .yml or .json file; expected files with objects"),
    ],
)  # fmt: skip
def test_a_folder_that_holds_no_manifests_is_called_what_it_is(tmp_path: Path, file: str, words: str) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / file).touch()
    with pytest.raises(ConfigErrors) as raised:
        read(tmp_path, "name: web\nmanifests: [m]\n")
    assert [str(one).partition(": manifests: ")[2].startswith(words) for one in raised.value.errors] == [True]


def test_files_folders_globs_lists_and_stdin(tmp_path: Path) -> None:
    def one(name: str) -> str:
        return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"

    (tmp_path / "folder/deep").mkdir(parents=True)
    (tmp_path / "folder/a.yaml").write_text(one("a") + "---\n" + one("b"))
    (tmp_path / "folder/deep/c.json").write_text(json.dumps(yaml.safe_load(one("c"))))
    (tmp_path / "folder/notes.txt").write_text("no YAML")
    items = "".join("- " + one(n).replace("\n", "\n  ").rstrip(" ") for n in ("d", "e"))
    (tmp_path / "x-1.yaml").write_text("apiVersion: v1\nkind: List\nitems:\n" + items)
    config = read(
        tmp_path, "name: web\nmanifests: [folder, 'x-*.yaml', '-']\n", stdin=one("f") + "---\n---\n" + one("g")
    )
    assert [m.obj["metadata"]["name"] for m in config.manifests] == ["a", "b", "c", "d", "e", "f", "g"]
    assert [m.source for m in config.manifests[:2]] == ["folder/a.yaml:1", "folder/a.yaml:5"]


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    text = GOOD + "replicas: 1\nverify: {deadline: 1m, http: [{path: /a}]}\n"
    config = read(
        tmp_path, text, "replicas=3", "verify.http[0].path=/b", "verify.http[1].path=/c", "env.X=no",
        STERNWAY_REPLICAS="2", STERNWAY_VERIFY__DEADLINE="90s", STERNWAY_DEPLOY__FORCECONFLICTS="true", STERNWAY_IMAGE="1.10",
    )  # fmt: skip
    deployment = config.manifests[1].obj["spec"]
    assert deployment["replicas"] == 3
    assert config.verify.deadline == 90
    assert [check.path for check in config.verify.http] == ["/b", "/c"]
    assert config.deploy.force_conflicts
    container = deployment["template"]["spec"]["containers"][0]
    assert container["image"] == "1.10"
    assert container["env"] == [{"name": "X", "value": "no"}]


@pytest.mark.parametrize(
    ("flags", "environ", "words"),
    [
        (["replcas=1"], {}, "--set replcas: replcas: this key is not known; did you mean 'replicas'?"),
        (["replicas"], {}, "--set replicas: this sets nothing; expected key=value"),
        (["verify.http[3].path=/"], {}, "--set verify.http[3].path: there is no item 3"),
        ([], {"STERNWAY_REPLCAS": "1"}, "STERNWAY_REPLCAS: this variable names no key of the form; did you mean 'replicas'?"),
        ([], {"STERNWAY_REPLICAS": "x"}, "STERNWAY_REPLICAS: replicas: this is a string"),
    ],
    ids=["unknown flag", "no value", "no item", "unknown variable", "wrong variable"],
)  # fmt: skip
def test_errors_in_overrides_name_the_flag_or_the_variable(
    tmp_path: Path, flags: list[str], environ: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigErrors) as raised:
        read(tmp_path, GOOD, *flags, **environ)
    assert words in str(raised.value)


def test_the_simple_form(tmp_path: Path) -> None:
    text = GOOD + (
        "env: {LEVEL: info, KEY: {secret: keys, key: api}}\nprobes: {readiness: /ready, liveness: {path: /live, period: 5s}}\n"
        "service: {port: 80, type: LoadBalancer}\nresources: {requests: {cpu: 0.5, memory: 64Mi}}\n"
    )
    service, deployment = (m.obj for m in read(tmp_path, text).manifests)
    assert service["spec"] == {
        "selector": {"app.kubernetes.io/name": "web"}, "type": "LoadBalancer",
        "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
    }  # fmt: skip
    assert "replicas" not in deployment["spec"]  # an autoscaler may own it
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["readinessProbe"] == {
        "httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"},
        "periodSeconds": 2,
    }
    assert container["livenessProbe"]["periodSeconds"] == 5
    assert container["env"][1]["valueFrom"] == {"secretKeyRef": {"name": "keys", "key": "api"}}
    assert container["resources"] == {"requests": {"cpu": "0.5", "memory": "64Mi"}}


def test_what_is_written_to_the_journal_is_read_again(tmp_path: Path) -> None:
    text = (
        GOOD
        + "steps: [validate, {name: smoke, uses: verify, retries: 0, deadline: 2m, with: {a: [1]}}]\nverify: {http: [{contains: x}]}\n"
    )
    config = read(tmp_path, text)
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


WORDS = st.sampled_from(
    [
        "name",
        "image",
        "port",
        "verify",
        "http",
        "steps",
        "env",
        "manifests",
        "deploy",
        "journal",
        "with",
        "-",
        "no",
        "1e3",
        "5m",
    ]
)
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | WORDS | st.text(max_size=8),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), below, max_size=5),
    max_leaves=20,
)


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(VALUES)
def test_no_document_gives_a_traceback(tmp_path: Path, value: Any) -> None:
    try:
        read(
            tmp_path,
            yaml.safe_dump(
                {"name": "web", "image": "x:1", **value} if isinstance(value, dict) else value, allow_unicode=True
            ),
        )
    except ConfigErrors as errors:
        assert errors.errors


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`\n\t ?,0", max_size=40) | st.binary(max_size=30))
def test_no_text_gives_a_traceback(tmp_path: Path, text: str | bytes) -> None:
    for location in (text, GOOD.encode() + (text if isinstance(text, bytes) else text.encode())):
        try:
            read(tmp_path, location)
        except ConfigErrors as errors:
            assert errors.errors


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_no_override_gives_a_traceback(tmp_path: Path, key: str, value: str) -> None:
    try:
        read(tmp_path, GOOD, f"{key}={value}")
    except ConfigErrors as errors:
        assert errors.errors
