"""Files that extend others: what comes of it, where each value stands, and what is refused."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sternway_steps.config import Config, ConfigErrors, SourceLocation
from sternway_steps.config.extends import read, rebase
from sternway_steps.config.form import form_of
from sternway_steps.config.schema import StepConfig
from sternway_steps.registry.load import READERS, load
from sternway_steps.yamltree import scalars as s
from sternway_steps.yamltree.document import Entry, Node
from sternway_steps.yamltree.parser import parse
from sternway_steps.yamltree.reader import Group, Many, Section, Short, Table

BASE = "name: web\nimage: web:1\nport: 8080\n"
OVER = "extends: ../base.yaml\n"
MAIN = "config/prod.yaml"


def laid(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of the test's own, so that files have the names that users see."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(here: Path, files: Mapping[str, str | bytes], *overrides: str, main: str = MAIN, **environ: str) -> Config:
    laid(here, files)
    return load(main, overrides=overrides, environ=environ, stdin=io.StringIO())


def data(here: Path, files: Mapping[str, str | bytes], main: str = MAIN) -> Any:
    laid(here, files)
    return read(main, form_of(READERS)).data()


BAD: dict[str, tuple[dict[str, str | bytes], list[str]]] = {
    "the base is not there": ({MAIN: "extends: ../bse.yaml\n", "base.yaml": BASE}, ["config/prod.yaml:1:10: extends: '../bse.yaml' can't be read: No such file or directory; expected a file, named from the folder of config/prod.yaml; did you mean '../base.yaml'?"]),
    "nothing like it is there": ({MAIN: "extends: /nix/nix.yaml\n"}, ["config/prod.yaml:1:10: extends: '/nix/nix.yaml' can't be read: No such file"]),
    "a folder": ({MAIN: "extends: ..\n"}, ["config/prod.yaml:1:10: extends: '..' can't be read: it is no file"]),
    "an address": ({MAIN: "extends: https://example.test/base.yaml\n"}, ["1:10: extends: 'https://example.test/base.yaml' is no path of a file; expected a path, or a list of paths; fetch it first"]),
    "a zero byte": ({MAIN: 'extends: "a\\0"\n'}, ["1:10: extends: 'a\\x00' is no path of a file"]),
    "no YAML": ({MAIN: OVER, "base.yaml": "name: [web\n"}, ["base.yaml:2:1: this is no valid YAML"]),
    "a key that stands twice": ({MAIN: OVER, "base.yaml": BASE + "name: x\n"}, ["base.yaml:4:1: name: key 'name' stands twice"]),
    "no UTF-8": ({MAIN: OVER, "base.yaml": b"name: \xff\n"}, ["base.yaml:1:1: this is no UTF-8 text"]),
    "no mapping": ({MAIN: OVER, "base.yaml": "# first\n- a\n"}, ["base.yaml:2:1: this is no mapping; expected a mapping: config/prod.yaml:1:10 extends it"]),
    "empty": ({MAIN: OVER, "base.yaml": "# nothing\n"}, ["base.yaml:1:1: the file is empty; expected a mapping: config/prod.yaml:1:10 extends it"]),
    "null": ({MAIN: OVER, "base.yaml": "~\n"}, ["base.yaml:1:1: this is empty; expected a mapping: config/prod.yaml:1:10 extends it"]),
    "the file itself": ({MAIN: "extends: prod.yaml\n"}, ["config/prod.yaml:1:10: extends: this leads in a ring: config/prod.yaml extends config/prod.yaml; remove one `extends` of it"]),
    "a ring": ({MAIN: OVER, "base.yaml": "extends: [a.yaml]\n", "a.yaml": "extends: config/../config/prod.yaml\n"}, ["a.yaml:1:10: extends: this leads in a ring: config/prod.yaml extends base.yaml extends a.yaml extends config/prod.yaml"]),
    "a number": ({MAIN: "extends: 5\n"}, ["1:10: extends: YAML reads 5 as a number; expected a path, or a list of paths"]),
    "nothing": ({MAIN: "extends:\n" + BASE}, ["1:9: extends: this is empty; expected a path, or a list of paths"]),
    "no file": ({MAIN: "extends: ''\n"}, ["1:10: extends: this names no file"]),
    "an empty list": ({MAIN: "extends: []\n"}, ["1:10: extends: this is a list; expected a path, or a list of paths"]),
    "a mapping": ({MAIN: "extends: {a: b}\n"}, ["1:10: extends: this is a mapping; expected a path, or a list of paths"]),
    "a list in a list": ({MAIN: "extends: [[a]]\n"}, ["1:11: extends: this is a list"]),
    "not at the top": ({MAIN: BASE + "verify: {extends: a.yaml}\n"}, ["4:10: verify.extends: this key is not known"]),
    "a typo": ({MAIN: "extend: ../base.yaml\n" + BASE}, ["1:1: extend: this key is not known; did you mean 'extends'?"]),
    "all at once": ({MAIN: "extends: [nix.yaml, ../base.yaml, 5, ../b.yaml]\n", "base.yaml": "- a\n", "b.yaml": "extends: nix.yaml\n"}, ["config/prod.yaml:1:11: ", "base.yaml:1:1: ", "config/prod.yaml:1:35: ", "b.yaml:1:10: "]),
    "a mistake in the base": ({MAIN: OVER + "replicas: x\n", "base.yaml": BASE + "verify: {deadline: soon}\n"}, ["base.yaml:4:20: verify.deadline: 'soon' is no time span", "config/prod.yaml:2:11: replicas: this is a string"]),
    "a required key that is in none": ({MAIN: OVER, "base.yaml": "image: web:1\n"}, ["config/prod.yaml:1:1: name: this key is required"]),
    "a required key that is removed": ({MAIN: OVER + "name: null\n", "base.yaml": BASE}, ["config/prod.yaml:2:1: name: this key is required; name stands at base.yaml:1:1 and is removed at config/prod.yaml:2:1"]),
    "removed below": ({MAIN: OVER + "schedule: {cron: }\n", "base.yaml": BASE + "schedule: {cron: [0 6 * * *], timezone: Europe/Berlin}\n"}, ["config/prod.yaml:2:12: schedule.cron: this key is required; cron stands at base.yaml:4:12 and is removed at config/prod.yaml:2:12"]),
    "removed in the middle": ({MAIN: "extends: mid.yaml\nreplicas: 2\n", "config/mid.yaml": OVER + "image: null\n", "base.yaml": BASE}, ["config/mid.yaml:2:1: image: there is nothing to deploy; expected image, manifests, chart or kustomize; image stands at base.yaml:2:1 and is removed at config/mid.yaml:2:1"]),
    "a port that is removed": ({MAIN: OVER + "port: ~\n", "base.yaml": BASE + "probes: {readiness: /a}\n"}, ["base.yaml:4:10: probes.readiness: it has no port to ask; expected port at the top; port stands at base.yaml:3:1 and is removed at config/prod.yaml:2:1"]),
    "a port that is removed and asked": ({MAIN: OVER + "port: ~\nverify: {http: [{path: /}]}\n", "base.yaml": BASE}, ["config/prod.yaml:3:17: verify.http[0].service: this key is required without the simple form's port; port stands at base.yaml:3:1"]),
    "nothing to remove": ({MAIN: OVER + "replicas: null\nreplcas: null\n", "base.yaml": BASE}, ["2:11: replicas: this is empty; expected a whole number from 0 to 100000; leave the key out", "3:1: replcas: this key is not known; did you mean 'replicas'?"]),
    "a source that is laid over another": ({MAIN: OVER + "env: {K: {config: c}}\n", "base.yaml": BASE + "env: {K: {secret: s, key: k}}\n"}, ["config/prod.yaml:2:7: env.K: this says not where the value comes from", "KEY: null removes one"]),
    "manifests of the base": ({MAIN: OVER, "base.yaml": "name: web\nmanifests: [mnifests/, m/*.json]\n", "manifests/a.yaml": "a: b\n"}, ["base.yaml:2:13: manifests: 'mnifests/' names no file; did you mean 'manifests'?", "base.yaml:2:24: manifests: 'm/*.json' names no file"]),
    "an object of the base": ({MAIN: OVER, "base.yaml": "name: web\nmanifests: [m.yaml]\n", "m.yaml": "---\nkind: X\n"}, ["../m.yaml:2:1: apiVersion: apiVersion is missing"]),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_refused_names_the_file_in_which_it_stands(here: Path, case: str) -> None:
    files, words = BAD[case]
    with pytest.raises(ConfigErrors) as raised:
        loaded(here, files)
    for each in words:
        assert each in str(raised.value)


def test_a_flag_or_a_variable_extends_nothing(here: Path) -> None:
    for flags, environ, who in ((["extends=x"], {}, "--set extends"), ([], {"STERNWAY_EXTENDS": "x"}, "STERNWAY_EXTENDS")):  # fmt: skip
        with pytest.raises(ConfigErrors) as raised:
            loaded(here, {MAIN: BASE}, *flags, **environ)
        assert f"{who}: extends: only a file can extend others" in str(raised.value)


def test_files_that_extend_others_twice_are_not_read_without_end(here: Path) -> None:
    files = {f"{n}.yaml": f"extends: [{n + 1}.yaml, {n + 1}.yaml]\n" for n in range(30)}
    assert loaded(here, {**files, "30.yaml": BASE}, main="0.yaml").name == "web"


def test_over_a_hundred_files_are_too_many(here: Path) -> None:
    files = {f"{n}.yaml": f"extends: {n + 1}.yaml\n" for n in range(101)}
    assert loaded(here, {**files, "101.yaml": BASE}, main="1.yaml").name == "web"
    with pytest.raises(ConfigErrors, match="over 100 files are extended; extend fewer") as raised:
        load("0.yaml")
    assert len(raised.value.errors) == 1


def test_what_a_key_is_laid_over(here: Path) -> None:
    base = (
        BASE
        + "replicas: 1\nenv: {A: a, B: b}\nsteps: [validate, {name: deploy, retries: 5}]\ndeploy: {onConflict: merge}\ncommand: [a, b]\nschedule: 0 6 * * *\n"
    )
    over = (
        OVER
        + "env: {B: null, C: c}\nreplicas: 2\nsteps: [{name: deploy}]\ndeploy: {}\ncommand: []\nschedule: {cron: [0 7 * * *]}\n"
    )
    assert data(here, {MAIN: over, "base.yaml": base}) == {
        "name": "web", "image": "web:1", "port": 8080, "replicas": 2, "env": {"A": "a", "C": "c"},
        "steps": [{"name": "deploy"}], "deploy": {"onConflict": "merge"}, "command": [], "schedule": {"cron": ["0 7 * * *"]},
    }  # fmt: skip
    config = load(MAIN)
    assert [(step.name, step.retries) for step in config.steps] == [("deploy", 2)]
    assert config.deploy.on_conflict == "merge"


def test_the_last_base_wins_over_those_before_it_and_the_file_over_all(here: Path) -> None:
    files = {
        MAIN: "extends: [../a.yaml, ../b.yaml]\nenv: {X: main}\n",
        "a.yaml": "extends: base.yaml\nenv: {W: a, X: a, Y: a, Z: null}\nreplicas: 3\n",
        "b.yaml": "env: {X: b, Y: b}\nport: null\n",
        "base.yaml": BASE + "env: {Z: base, W: base}\n",
    }
    assert data(here, files) == {
        "name": "web", "image": "web:1", "replicas": 3, "env": {"W": "a", "X": "main", "Y": "b"},
    }  # fmt: skip


def test_two_files_may_extend_the_same_one(here: Path) -> None:
    files = {MAIN: "extends: [../a.yaml, ../b.yaml]\n", "a.yaml": "extends: base.yaml\nreplicas: 2\n", "b.yaml": "extends: base.yaml\n", "base.yaml": BASE}  # fmt: skip
    assert data(here, files)["replicas"] == 2


def test_a_base_that_is_named_twice_lies_once_below_all_that_extend_it(here: Path) -> None:
    files = {
        MAIN: "extends: [../a.yaml, ../b.yaml, ./../base.yaml]\n", "base.yaml": BASE + "replicas: 1\nenv: {K: base, L: base}\n",
        "a.yaml": "extends: base.yaml\nreplicas: 2\nenv: {K: a, L: null}\n", "b.yaml": "extends: base.yaml\nenv: {M: b}\n",
    }  # fmt: skip
    assert data(here, files) == {
        "name": "web",
        "image": "web:1",
        "port": 8080,
        "replicas": 2,
        "env": {"K": "a", "M": "b"},
    }


def test_what_a_flag_gives_replaces_and_its_null_removes(here: Path) -> None:
    files = {MAIN: OVER + "env: {B: over}\n", "base.yaml": BASE + "replicas: 2\nenv: {A: base}\nargs: [a, b]\n"}

    def container(*flags: str, **environ: str) -> Any:
        return loaded(here, files, *flags, **environ).manifests[1].obj["spec"]["template"]["spec"]["containers"][0]

    def env(*flags: str, **environ: str) -> dict[str, str]:
        return {each["name"]: each["value"] for each in container(*flags, **environ).get("env", ())}

    assert env("env={C: flag}") == {"C": "flag"}
    assert env("env.C=flag") == {"A": "base", "B": "over", "C": "flag"}
    assert env("env.B=null") == {"A": "base"}
    assert env("env.A=~", STERNWAY_ENV__B="null") == {}
    assert env("env={C: flag}", STERNWAY_ENV__B="null") == {"C": "flag"}
    assert container("args=[c]")["args"] == ["c"]
    assert container("args[0]=c")["args"] == ["c", "b"]
    assert "replicas" not in loaded(here, files, "replicas=null").manifests[1].obj["spec"]
    for flags in (["port=null", "port=null"], ["replicas="]):  # nothing is there, or nothing is said
        with pytest.raises(ConfigErrors, match="this is empty"):
            loaded(here, files, *flags)
    with pytest.raises(ConfigErrors, match=r"image stands at base\.yaml:2:1 and is removed at --set image"):
        loaded(here, files, "image=null")


@pytest.mark.parametrize("flags", [[], ["name=again"]])
@pytest.mark.parametrize("more", ["", "build: {target: x}\n", "manifests: [m.yaml]\nhooks: run\n"])
def test_no_step_at_all_is_named_at_its_line(here: Path, more: str, flags: list[str]) -> None:
    laid(here, {"config/m.yaml": one("a"), "base.yaml": BASE})
    for main, line in ((OVER + more + "steps: []\n", 2 + more.count("\n")), (BASE + more + "steps: []\n", 4 + more.count("\n"))):  # fmt: skip
        with pytest.raises(ConfigErrors) as raised:
            loaded(here, {MAIN: main}, *flags)
        assert f"{MAIN}:{line}:1: steps: it names no step" in str(raised.value)
    with pytest.raises(ConfigErrors, match="--set steps: steps: it names no step"):
        loaded(here, {MAIN: BASE + more}, "steps=[]", *flags)


def test_a_key_that_was_removed_may_be_set_again(here: Path) -> None:
    files = {MAIN: "extends: mid.yaml\nname: again\n", "config/mid.yaml": OVER + "name: null\nport: null\n", "base.yaml": BASE}  # fmt: skip
    config = loaded(here, files, "port=81")
    assert config.name == "again"
    assert config.manifests[0].obj["spec"]["ports"][0]["port"] == 81


def test_aliases_marks_and_line_ends_are_as_in_any_file(here: Path) -> None:
    base = b"\xef\xbb\xbfname: web\r\nimage: web:1\r\nlabels: &l {a: b}\r\nannotations: *l\r\n"
    merged = data(here, {MAIN: b"\xef\xbb\xbf" + OVER.encode() + b"labels: {a: c}\n", "base.yaml": base})
    assert (merged["labels"], merged["annotations"]) == ({"a": "c"}, {"a": "b"}), "an alias is a value of its own"


def test_a_flag_wins_over_the_environment_over_the_overlay_over_the_base(here: Path) -> None:
    files = {MAIN: OVER + "env: {B: over, C: over, D: over}\n", "base.yaml": BASE + "env: {A: base, B: base, C: base, D: base}\n"}  # fmt: skip
    config = loaded(here, files, "env.D=flag", STERNWAY_ENV__C="environ", STERNWAY_ENV__D="environ")
    container = config.manifests[1].obj["spec"]["template"]["spec"]["containers"][0]
    assert {each["name"]: each["value"] for each in container["env"]} == {
        "A": "base", "B": "over", "C": "environ", "D": "flag",
    }  # fmt: skip


def one(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"


PATHS = {
    "a folder": "manifests/", "a file": "manifests/a.yaml", "a glob": "manifests/*.yaml", "a dot": "./manifests",
    "upwards": "../root/manifests",
}  # fmt: skip


@pytest.mark.parametrize("case", PATHS)
def test_paths_are_relative_to_the_file_in_which_they_stand(here: Path, case: str) -> None:
    files = {
        "config/eu/prod.yaml": "extends: [../../root/base.yaml]\n", "root/base.yaml": f"name: web\nmanifests: [{PATHS[case]}]\n",
        "root/manifests/a.yaml": one("good"), "config/eu/manifests/a.yaml": one("bad"), "manifests/a.yaml": one("bad"),
    }  # fmt: skip
    config = loaded(here, files, main="config/eu/prod.yaml")
    assert [m.obj["metadata"]["name"] for m in config.manifests] == ["good"]
    assert config.manifests[0].source.endswith("/root/manifests/a.yaml:1")
    for extends in (here / "root/base.yaml", "../../root/mid.yaml"):
        laid(here, {"config/eu/prod.yaml": f"extends: {extends}\n", "root/mid.yaml": "extends: ../root/./base.yaml\n"})
        for main in ("config/eu/prod.yaml", here / "config/eu/prod.yaml"):
            assert [m.obj["metadata"]["name"] for m in load(main).manifests] == ["good"]


def test_paths_of_a_flag_and_standard_input_are_as_ever(here: Path) -> None:
    laid(here, {MAIN: OVER, "base.yaml": "name: web\nmanifests: ['-']\n", "config/m.yaml": one("over")})
    assert load(MAIN, stdin=io.StringIO(one("in"))).manifests[0].source == "stdin:1"
    assert load(MAIN, overrides=["manifests[1]=m.yaml"], stdin=io.StringIO(one("in"))).manifests[1].source == "m.yaml:1"


def test_a_journal_of_files_is_one_from_wherever_it_is_used(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = "journal: {store: file, path: state/j}\n"
    laid(here, {MAIN: OVER, "base.yaml": BASE + journal, "config/own.yaml": BASE + journal})
    for folder in (here, here / "config"):
        monkeypatch.chdir(folder)
        for main in (here / MAIN, Path(os.path.relpath(here / MAIN))):
            assert load(main).journal.path == str(here / "state/j")
        assert load(here / "config/own.yaml").journal.path == str(here / "config/state/j")
        assert load(here / MAIN, overrides=["journal.path=k"]).journal.path == str(here / "config/k")
        assert load(here / MAIN, overrides=["journal.path=/k"]).journal.path == "/k"
        assert load(here / MAIN, environ={"STERNWAY_JOURNAL__PATH": "~/k"}).journal.path == str(
            Path("~/k").expanduser()
        )


def test_a_program_is_looked_for_beside_the_file_that_names_it(here: Path) -> None:
    told = "{name: told, execute: [./notify.sh], effects: none}"
    files = {MAIN: OVER, "base.yaml": BASE + f"steps: [deploy, {told}]\n", "config/own.yaml": OVER + f"steps: [deploy, {told}]\n"}  # fmt: skip
    config = loaded(here, files)

    def folder(config: Config) -> Any:
        return next(step.options["folder"] for step in config.steps if isinstance(step, StepConfig) and step.options)

    assert folder(config) == str(here)
    assert folder(load("config/own.yaml")) == str(here / "config")
    assert folder(load(MAIN, overrides=["steps[1].folder=sub"])) == str(here / "config/sub")
    assert folder(load(MAIN, overrides=[f"steps=[deploy, {told}]"])) == str(here / "config")
    laid(here, {"base.yaml": BASE + "steps: [deploy, {name: t, execute: [./t], effects: none, folder: sub}]\n"})
    assert folder(load(MAIN)) == str(here / "sub")


def test_what_is_built_lies_beside_the_file_that_says_so(here: Path) -> None:
    build = "build: {dockerfile: Dockerfile}\n"
    config = loaded(here, {MAIN: OVER + "build: {target: prod}\n", "base.yaml": BASE + build})
    assert (config.build.context if config.build else "", config.build and config.build.target) == (str(here), "prod")
    config = loaded(here, {MAIN: OVER + build, "base.yaml": BASE})
    assert (config.build.context if config.build else "") == str(here / "config")
    config = loaded(here, {MAIN: OVER, "base.yaml": BASE + "steps: [build, deploy]\n"})
    assert (config.build.context if config.build else "") == str(here)


def test_every_path_that_the_form_knows_is_found_wherever_it_stands() -> None:
    one = Section({"file": s.path, "word": s.string})
    form = Section({"many": Many(s.path), "table": Table(s.string, Short(s.path, one)), "steps": Many(Group(one))})
    text = "{many: [a/, -, /b, ''], table: {x: a, y: {file: a, word: a}}, steps: [{file: a}, [{file: a}, {word: a}]], z: a}"
    node = parse(text, "x.yaml")
    assert node is not None
    rebase(node, form, "../base")
    assert node.data() == {
        "many": ["../base/a/", "-", "/b", ""], "table": {"x": "../base/a", "y": {"file": "../base/a", "word": "a"}},
        "steps": [{"file": "../base/a"}, [{"file": "../base/a"}, {"word": "a"}]], "z": "a",
    }  # fmt: skip
    assert node.value["table"].node.value["x"].node.text == "a", "errors say what was written"


def test_a_file_behind_a_link_extends_what_stands_beside_the_folder_that_is_linked(here: Path) -> None:
    laid(here, {"real/config/prod.yaml": OVER, "real/base.yaml": "name: real\nmanifests: [m.yaml]\n", "real/m.yaml": one("real"), "base.yaml": "name: wrong\n"})  # fmt: skip
    (here / "config").symlink_to(here / "real/config")
    config = load(MAIN)
    assert (config.name, config.manifests[0].obj["metadata"]["name"]) == ("real", "real")
    assert read(MAIN, form_of(READERS)).value["name"].location == SourceLocation("config/../base.yaml", 1, 1)
    laid(here, {"links/prod.yaml": "extends: far/../base.yaml\n"})
    (here / "links/far").symlink_to(here / "real/config")
    assert load("links/prod.yaml").manifests[0].obj["metadata"]["name"] == "real"


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text("./~-*", max_size=300))
def test_no_base_gives_a_traceback(here: Path, text: str) -> None:
    with pytest.raises(ConfigErrors):
        loaded(here, {MAIN: f"extends: {json.dumps(text)}\n"})


# One document after another, and what a dictionary that knows nothing of places makes of them.

KEYS = st.sampled_from(["a", "b", "c", "no", "1", "a b", "é"])
SCALARS = st.none() | st.booleans() | st.integers(-3, 99) | st.sampled_from(["x", "no", "5m", "", "two\nlines\n"])
TREES: Any = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=4),
    max_leaves=12,
)
LAYERS = st.lists(st.dictionaries(KEYS, TREES, max_size=5), min_size=2, max_size=4)


def patched(base: Any, over: Any) -> Any:
    """Merge as JSON Merge Patch does, but for null where there is nothing to remove."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    both = {key: patched(base[key], over[key]) if key in over else base[key] for key in base}
    kept = {key: value for key, value in both.items() if not (key in over and over[key] is None)}
    return kept | {key: value for key, value in over.items() if key not in base}


def leaves(value: Any, key: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Give what no other document can reach into: everything that is no mapping."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield from leaves(below, (*key, name))
    else:
        yield key, value


def entries(node: Node, key: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Entry]]:
    for name, entry in node.value.items():
        if isinstance(entry.node.value, dict):
            yield from entries(entry.node, (*key, name))
        else:
            yield (*key, name), entry


def standing(source: str, text: str, key: tuple[Any, ...]) -> list[SourceLocation]:
    """Tell where in a file a key and its value stand, by the parser alone."""
    name, value = None, yaml.compose(text, Loader=yaml.SafeLoader)
    for part in key:
        name, value = next(pair for pair in value.value if pair[0].value == part)
    return [SourceLocation(source, each.start_mark.line + 1, each.start_mark.column + 1) for each in (name, value)]


@settings(max_examples=60, deadline=None)
@given(LAYERS, st.booleans())
def test_layers_give_what_plain_dictionaries_give_and_each_value_knows_where_it_stands(
    layers: list[dict[str, Any]], chain: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        texts = [yaml.safe_dump(layer, allow_unicode=True) if layer else "" for layer in layers]
        names = [f"{folder}/{n}.yaml" for n in range(len(layers))]
        if chain:  # each extends the one before it
            heads = ["", *(f"extends: {n}.yaml\n" for n in range(len(layers) - 1))]
        else:  # the last extends all
            heads = [""] * (len(layers) - 1) + [f"extends: [{', '.join(f'{n}.yaml' for n in range(len(layers) - 1))}]\n"]  # fmt: skip
        written = [head + text or "{}" for head, text in zip(heads, texts, strict=True)]
        for name, text in zip(names, written, strict=True):
            Path(name).write_text(text)
        root = read(names[-1], form_of(READERS))
    expected = layers[0]
    for layer in layers[1:]:
        expected = patched(expected, layer)
    assert root.data() == expected
    assert [type(value) for _, value in sorted(leaves(expected), key=repr)] == [
        type(value) for _, value in sorted(leaves(root.data()), key=repr)
    ]
    for key, entry in entries(root):
        # The last layer that says this of the key is the one in which it stands.
        last = max(n for n, layer in enumerate(layers) if (key, entry.node.data()) in list(leaves(layer)))
        assert [entry.location, entry.node.location] == standing(names[last], written[last], key)


@settings(max_examples=60, deadline=None)
@given(LAYERS, st.data())
def test_whatever_extends_what_the_document_is_one_fold_over_files_each_once(
    layers: list[dict[str, Any]], draw: st.DataObject
) -> None:
    """File n extends some of those before it, in any order and as often as it likes."""
    bases = [
        draw.draw(st.lists(st.integers(0, n - 1), max_size=4), label=f"{n}") if n else [] for n in range(len(layers))
    ]
    order: list[int] = []

    def lay(number: int) -> None:
        for base in bases[number]:
            lay(base)
        if number not in order:
            order.append(number)

    lay(len(layers) - 1)
    with tempfile.TemporaryDirectory() as folder:
        for n, layer in enumerate(layers):
            head = f"extends: [{', '.join(f'{base}.yaml' for base in bases[n])}]\n" if bases[n] else ""
            text = yaml.safe_dump(layer, allow_unicode=True) if layer else ""
            Path(folder, f"{n}.yaml").write_text(head + text or "{}")
        root = read(f"{folder}/{len(layers) - 1}.yaml", form_of(READERS))
    expected = layers[order[0]]
    for number in order[1:]:
        expected = patched(expected, layers[number])
    assert root.data() == expected
