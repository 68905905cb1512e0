"""A sample of the bad inputs, and those that were once taken badly."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from .case import SECRET, Case, Command
from .judge import faults
from .readers import secretless
from .rounds import Bench, rounds

SAMPLE, PARTS = 500, 5
KUBE = "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: k, cluster: {server: 'http://127.0.0.1:9'%s}}]\n" \
    "users: [{name: u, user: {token: " + SECRET + "%s}}]\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"  # fmt: skip
MERGES = "m0: &m0 {a: b}\n" + "".join(
    f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}], k{n}: *m{n - 1}}}\n" for n in range(1, 40)
)

RUN_STARTED = b'{"schema":1,"kind":"run-started","time":"2026-11-24T12:00:00+00:00","data":{"target":"t","steps":[]}}\n'
STEP = b'{"schema":1,"kind":"step-began","time":"","data":{}}\n{"schema":1,"kind":"step-ended","time":"","data":{"result":"done","items":%s}}\n'


@pytest.mark.parametrize("part", range(PARTS))
def test_no_input_breaks_a_command(part: int) -> None:
    each = SAMPLE // PARTS
    wrong = [str(fault) for found in rounds(19_000, range(part * each, (part + 1) * each)) for fault in found]
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench() as bench:
        yield bench


SHOW, RUNS = ["config", "show", "-c", "a.yaml"], ["runs", "--kubeconfig", "k"]
FOUND: dict[str, tuple[dict[str, bytes | str], list[str], int, str]] = {
    "a file without an end": ({"a.yaml": "/dev/zero"}, SHOW, 2, "a.yaml: the file can't be read: it has over"),
    "a base without an end": ({"a.yaml": b"extends: z\n", "z": "/dev/zero"}, SHOW, 2, "a.yaml:1:10: extends: 'z' can't be read: it is no file"),
    "a base with a long name": ({"a.yaml": b"extends: " + b"x" * 200_000}, SHOW, 2, "xxx' can't be read: File name too long"),
    "merges of merges": ({"a.yaml": b"name: web\nimage: x:1\n" + MERGES.encode()}, SHOW, 2, "over 100000 values"),
    "lint without an end": ({"a.yaml": "/dev/zero"}, ["lint", "a.yaml"], 2, "a.yaml: this can't be read: it has over"),
    "files in many rings": ({f"{n}.yaml" if n else "a.yaml": b"extends: [%s]\n" % b", ".join(b"%d.yaml" % m for m in range(1, 40)) for n in range(40)}, SHOW, 2, "more"),
    "signs that turn a line": ({"a.yaml": "name: web\nimage: x:1\n\u202eenv: {}\n".encode()}, SHOW, 2, "\\u202eenv: this key is not known"),
    "a name that is too long": ({}, ["runs", "--kubeconfig", "x" * 300], 3, "File name too long"),
    "a kubeconfig without an end": ({"k": "/dev/zero"}, RUNS, 3, "kubeconfig k can't be used: it has over"),
    "a kubeconfig of merges": ({"k": MERGES.encode()}, RUNS, 3, "kubeconfig k can't be used: it has over 200000 values"),
    "a kubeconfig that holds itself": ({"k": b"a: &a [*a]\n"}, RUNS, 3, "kubeconfig k"),
    "a kubeconfig that is a list": ({"k": b"[1]\n"}, RUNS, 3, "kubeconfig k is no kubeconfig: a list"),
    "a kubeconfig that breaks off": ({"k": (KUBE % ("", ""))[:150].encode()}, RUNS, 3, "kubeconfig k is no YAML (line"),
    "a context that is not there": ({"k": (KUBE % ("", "")).encode()}, [*RUNS, "--context", "d"], 3, "kubeconfig k has no context 'd'"),
    "a cluster that is not there": ({"k": (KUBE % ("", "")).replace("name: k", "name: l").encode()}, RUNS, 3, "kubeconfig k, context 'c' has no cluster 'k'"),
    "no server": ({"k": (KUBE % ("", "")).replace("server", "servr").encode()}, RUNS, 3, "kubeconfig k, context 'c', cluster 'k' names no server"),
    "a namespace that is none": ({"k": (KUBE % ("", "")).replace("user: u}", "user: u, namespace: ../x}").encode()}, RUNS, 3, "namespace: '../x'"),
    "a certificate that is none": ({"k": (KUBE % (", certificate-authority-data: '" + SECRET + "', tls-server-name: x", "")).replace("http:", "https:").encode()}, RUNS, 3, "user u of kubeconfig k (context c) can't be used (SSLError"),
    "a time without an end": ({}, ["sweep", "--every", "9" * 400 + "s"], 2, "is no time span"),
    "a time that no number holds": ({"a.yaml": b"name: web\nimage: x:1\nverify: {grace: {pull: 1" + b"0" * 400 + b"}}\n"}, SHOW, 2, "a.yaml:3:24: verify.grace.pull"),
    "variables that are a number": ({"a.yaml": b"name: web\nimage: x:1\nsteps: [{name: a, env: 017, effects: none, execute: [x]}, deploy]\n"}, SHOW, 2, "a.yaml:3:24: steps[0].env"),
    "a command that is a number": ({"a.yaml": b"name: web\nimage: x:1\nsteps: [{name: a, effects: none, execute: 17}, deploy]\n"}, SHOW, 2, "a.yaml:3:43: steps[0].execute"),
    "a number that JSON has no word for": ({"a.yaml": b"name: web\nmanifests: [m.json]\n", "m.json": b'{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": 1' + b"0" * 400 + b"}"}, SHOW, 2, "m.json"),
    "a name that no terminal shows": ({}, ["lint", "\x1b[2J\n"], 2, "'\\x1b[2J\\n': there is no such file or folder"),
    "lint of a name that is too long": ({}, ["lint", "x" * 300], 2, "File name too long"),
    "a configuration's name that no terminal shows": ({}, ["config", "show", "-c", "\n"], 2, "'\\n': the file can't be read"),
    "a chart of a name that is too long": ({"a.yaml": b"name: web\nnamespace: n\nchart: {path: " + b"x" * 5000 + b"}\n"}, SHOW, 2, "a.yaml:3:9: chart.path: there is no "),
    "a folder of a name that is too long": ({"a.yaml": b"name: web\nkustomize: " + b"x" * 5000 + b"\n"}, SHOW, 2, "a.yaml:2:1: kustomize: there is no folder "),
    "a page of a name that is too long": ({"a.yaml": b"name: web\nimage: x:1\n"}, ["run", "-c", "a.yaml", "--report", "x" * 5000], 3, "the report xxx"),
    "manifests of a name that is too long": ({"a.yaml": b"name: web\nimage: x:1\nmanifests: [" + b"x" * 5000 + b"]\n"}, SHOW, 2, "a.yaml:3:13: manifests: 'xxx"),
    "a server that is no URL": ({"k": (KUBE % ("", "")).replace("'http://127.0.0.1:9'", "/dev/null").encode()}, RUNS, 3, "kubeconfig k, context 'c', cluster 'k': its server is no URL"),
    "a cluster whose name is a huge number": ({"k": (KUBE % ("", "")).replace("cluster: k,", "cluster: 0x" + "f" * 5000 + ",").encode()}, RUNS, 3, "kubeconfig k, context 'c' names no cluster"),
    "a namespace that is a huge number": ({"k": (KUBE % ("", "")).replace("user: u}", "user: u, namespace: 0x" + "f" * 5000 + "}").encode()}, RUNS, 3, "kubeconfig k, context 'c': namespace: <class 'int'> is no name"),
    "a record of one long line": ({"j/r/run.jsonl": b'{"schema":1,"kind":"intent","time":"","data":{"x":"' + b"A" * 30_000_000 + b'"}}\n'}, ["show", "r", "--journal", "j"], 0, "run r"),
    "a kind without an end": ({"a.yaml": b"name: web\nmanifests: [m.yaml]\n", "m.yaml": b"apiVersion: v1\nmetadata: {name: a}\nkind: " + b"x" * 9999}, SHOW, 2, "m.yaml:1:1: kind: kind has over 253"),
    "a record whose items are a text": ({"j/r/run.jsonl": RUN_STARTED, "j/r/a.execute.1.jsonl": STEP % b'"x"'}, ["show", "r", "--journal", "j"], 0, "the record of step a is damaged"),
    "a record whose items are no items": ({"j/r/run.jsonl": RUN_STARTED, "j/r/a.execute.1.jsonl": STEP % b'[{"what": 1, "result": "x"}]'}, ["show", "r", "--journal", "j"], 0, "the record of step a is damaged"),
    "a record that is a folder": ({"j/r/run.jsonl/x": b""}, ["show", "r", "--journal", "j"], 3, "run.jsonl can't be read: Is a directory"),
    "a record that is a link to itself": ({"j/r/run.jsonl": "run.jsonl"}, ["show", "r", "--journal", "j"], 3, "Too many levels of symbolic links"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_what_was_once_taken_badly_is_named(bench: Bench, name: str) -> None:
    files, words, code, message = FOUND[name]
    case = Case("found", name, files, [Command(words)], (message,), secretless(SECRET))
    (ended,) = bench.ends(case)
    assert (ended.code, message in ended.out + ended.err) == (code, True), ended
    assert not list(faults(case, case.commands[0], ended))


def test_a_kubeconfigs_content_is_no_path(bench: Bench) -> None:
    command = Command(["runs"], environ={"KUBECONFIG": KUBE % ("", "")})
    (ended,) = bench.ends(Case("found", "", {}, [command], (), secretless(SECRET)))
    assert (ended.code, ended.err.splitlines()[0]) == (
        3,
        "error: KUBECONFIG holds the content of a kubeconfig where its path belongs",
    )
    assert SECRET not in ended.err + ended.out


def test_a_case_is_made_of_its_number_alone(bench: Bench) -> None:
    cases = [
        (each.kind, each.what, each.files)
        for _ in range(2)
        for each in (bench.make(3, n, None) for n in random.Random(1).sample(range(1000), 20))
    ]
    assert cases[:20] == cases[20:]
    assert len({kind for kind, *_ in cases}) > 3


def test_the_judge_sees_what_is_wrong(bench: Bench, tmp_path: Path) -> None:
    """It is not blind: a command that is right about another input is wrong about this one."""
    case = Case(
        "found",
        "",
        {"a.yaml": b"name: web\nimage: x:1\n"},
        [Command(["config", "show", "-c", "nowhere.yaml"])],
        ("a.yaml",),
    )
    (ended,) = bench.ends(case)
    assert any("names neither file nor field" in fault for fault in faults(case, case.commands[0], ended))
    written = Case("found", "", {}, [Command(["run", "-c", "s.yaml", "--kubeconfig", "{kubeconfig}"])], ())
    deployed = Case(
        "found",
        "",
        {
            "s.yaml": b"name: web\nnamespace: default\nmanifests: [m.yaml]\nsteps: [deploy]\n",
            "m.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        },
        written.commands,
        (),
    )
    (ended,) = bench.ends(deployed)
    assert any("it changed the cluster" in fault for fault in faults(deployed, deployed.commands[0], ended)), ended
