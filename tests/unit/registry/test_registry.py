"""Steps of other packages: found, checked before any change, listed, and carried to where they are not installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.builtin import builtin_steps
from sternway_steps.config import Config, StepConfig
from sternway_steps.config.declared import spec_of, to_yaml_data
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.registry.entry_points import find
from sternway_steps.registry.load import load
from sternway_steps.registry.steps import NotInstalled, Specs, Steps, installed_steps, with_declared_specs
from sternway_steps.saga.plan import make_plan
from sternway_steps.session import Session
from sternway_steps.step import CONTRACT, Context, Effects, Outcome, Rule, StepSpec

from tests.helpers import command, config_map, config_of

STEP = '''
"""A step that writes a word."""
from pathlib import Path
from sternway_steps.step import *
from sternway_steps.step import Outcome, StepSpec, Effects, Rule

class Word:
    """Writes a word into a file."""

    spec = StepSpec(NAME, Effects.REVERSIBLE, needs_cluster=False, options=("file",), contract=2)

    def execute(self, context):
        file = Path(context.options["file"])
        context.journal.intent({"before": file.read_text()})
        file.write_text("new")
        return Outcome("written")

    def rollback(self, context):
        for intent in context.journal.history().execute.intents[:1]:
            Path(context.options["file"]).write_text(intent["before"])
        return Outcome("put back")
'''
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a package onto the path, as pip leaves one: a module, and what its metadata declare."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))

    def put(package: str, *, name: str = "word", code: str = STEP, entry: str = ":Word", version: str = "1.2") -> Path:
        module = package.replace("-", "_")
        monkeypatch.delitem(sys.modules, module, raising=False)
        (site / f"{module}.py").write_text(code.replace("NAME", repr(name)))
        info = site / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[sternway.steps]\n{name} = {module}{entry}\n")
        return site

    return put


def steps() -> Steps:
    found = installed_steps()
    # What is installed beside Sternway on this machine is not what these tests are about.
    return Steps(found.own, lambda: [e for e in found._declared() if e.dist is not None and "flag" not in e.dist.name])


def test_a_step_of_another_package_is_found_by_its_name(install: Install) -> None:
    install("word-step")
    found = steps()
    assert found["word"].spec.options == ("file",)
    assert found["word"] is found["word"]
    assert [*found] == [*builtin_steps(), "word"]
    assert "word" in found
    assert "wrod" not in found
    [word] = found.discovered()
    assert (word.package, word.version, word.summary) == ("word-step", "1.2", "Writes a word into a file.")


def test_an_entry_point_may_give_an_instance(install: Install) -> None:
    install("word-step", code=STEP + "\nword = Word()\n", entry=":word")
    assert steps()["word"].spec.name == "word"


BAD = {
    "its import fails": ("import nothing_of_that_name\n" + STEP, ":Word", "can't be imported: ModuleNotFoundError: No module named 'nothing_of_that_name'", "pip install word-step"),
    "its module ends the process": ("raise SystemExit(3)", ":Word", "can't be imported: SystemExit: 3", "upgrade"),
    "there is no such class": (STEP, ":Wrod", "can't be imported: AttributeError", "upgrade"),
    "it needs a newer Sternway": ("from sternway_steps.step import Tomorrow", ":Word", "cannot import name 'Tomorrow'", "pip install --upgrade sternway"),
    "its spec has a key of a newer one": (STEP.replace("needs_cluster=False", "tomorrow=1"), ":Word", "unexpected keyword argument 'tomorrow'", "pip install --upgrade sternway"),
    "it was written for a newer contract": (STEP.replace("contract=2", f"contract={CONTRACT + 1}"), ":Word", f"written for contract {CONTRACT + 1}, and this Sternway knows {CONTRACT}", "pip install --upgrade sternway"),
    "it takes arguments": (STEP + "    def __init__(self, x): pass\n", ":Word", "can't be made without arguments", "tell the authors of word-step"),
    "it is no step": ("class Word: pass", ":Word", "it has no execute; it has no rollback; it has no spec", "sternway_steps.testing"),
    "it is a function": ("def Word(context): pass", ":Word", "it has no execute", "tell the authors"),
    "its actions take something else": (STEP.replace("rollback(self, context)", "rollback(self, context, force)"), ":Word", "its rollback takes (context, force) instead of (context)", "tell the authors"),
    "its actions are async": (STEP.replace("def execute", "async def execute"), ":Word", "its execute is async", "tell the authors"),
    "its spec is no spec": (STEP.replace("spec = StepSpec(", "spec = dict(name=").replace(" Effects.REVERSIBLE,", ""), ":Word", "its spec is no StepSpec but dict", "tell the authors"),
    "its spec can't be read": (STEP.replace("    spec =", "    other ="). replace("    def execute", "    @property\n    def spec(self): raise OSError('x')\n\n    def execute"), ":Word", "its spec can't be read: OSError: x", "tell the authors"),
    "its name is another one": (STEP.replace("NAME", "'wort'"), ":Word", "its spec is named 'wort', and the entry point 'word'", "tell the authors"),
    "its effects are a word": (STEP.replace("Effects.REVERSIBLE", "'reversible'"), ":Word", "spec.effects is 'reversible' instead of a member of Effects", "tell the authors"),
    "its options are a list": (STEP.replace('("file",)', '["file"]'), ":Word", "spec.options is ['file'] instead of a tuple of strings", "tell the authors"),
    "its options are a text": (STEP.replace('("file",)', '("file")'), ":Word", "spec.options is 'file' instead of", "tell the authors"),
    "a rule is none": (STEP.replace("needs_cluster=False", "execute_rules=('get pods',)"), ":Word", "spec.execute_rules[0] is 'get pods' instead of a Rule", "tell the authors"),
    "a rule has a text for a tuple": (STEP.replace("needs_cluster=False", "rollback_rules=(Rule('', 'pods', ('get',)),)"), ":Word", "the others are tuples of strings", "tell the authors"),
    "it has rights and no cluster": (STEP.replace("needs_cluster=False", "needs_cluster=False, execute_rules=(Rule('', ('pods',), ('get',)),)"), ":Word", "names cluster rights, and needs_cluster is False", "tell the authors"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_one_that_can_not_be_used_says_whose_it_is_why_and_what_to_do(what: str, install: Install) -> None:
    code, entry, words, remedy = BAD[what]
    install("word-step", code=code, entry=entry)
    with pytest.raises(Refused) as raised:
        make_plan([StepConfig("word", "word")], Specs(steps(), {}))
    assert f"step word of package word-step 1.2 (entry point word_step{entry}): " in str(raised.value)
    assert words in str(raised.value)
    assert remedy in str(raised.value.remedy)
    [found] = steps().discovered()
    assert found.step is None
    assert str(found.problem) == str(raised.value)


def test_two_packages_with_one_name(install: Install) -> None:
    install("word-step")
    install("other-step")
    with pytest.raises(Refused) as raised:
        steps()["word"]
    assert "package other-step 1.2 (entry point other_step:Word): the same name is declared by word-step" in str(raised.value)  # fmt: skip
    assert raised.value.remedy == "uninstall one: pip uninstall other-step"


def test_a_name_of_ours_is_not_taken(install: Install) -> None:
    install("word-step", name="deploy")
    found = steps()
    assert type(found["deploy"]).__module__ == "sternway_steps.builtin.deploy.step"
    [taken] = found.discovered()
    assert "the name is that of a step of Sternway" in str(taken.problem)


def test_ours_are_given_without_a_look_at_what_is_installed() -> None:
    def look() -> list[EntryPoint]:
        raise AssertionError("it looked")

    found = Steps(builtin_steps(), look)
    assert found["deploy"].spec.name == "deploy"
    assert make_plan(Config("t").steps, Specs(found, {})).steps[1].name == "deploy"
    assert with_declared_specs(Config("t"), found) == Config("t")
    with pytest.raises(AssertionError):
        found["flag"]


def test_what_nobody_declares_is_named_with_the_nearest_and_all_mistakes_at_once(install: Install) -> None:
    install("word-step")
    wanted = [StepConfig("a", "wrod"), StepConfig("b", "deploy", {"selektor": "a=b"}), StepConfig("b", "verify")]
    with pytest.raises(Refused) as raised:
        make_plan(wanted, Specs(steps(), {}))
    assert str(raised.value).splitlines() == [
        "steps: there is no step 'wrod'",
        "steps: b has an option that deploy does not know: 'selektor'",
        "steps: 'b' stands twice",
    ]
    assert "did you mean 'word'?" in str(raised.value.remedy)
    assert "pip install PACKAGE" in str(raised.value.remedy)
    with pytest.raises(NotInstalled, match="no package that is installed here declares the step 'wrod'"):
        steps()["wrod"]
    assert steps().get("wrod") is None


def config(folder: Path, **keys: Any) -> Path:
    (folder / "word").write_text("old")
    (folder / "m.json").write_text(json.dumps(config_map("m", a="1")))
    path = folder / "sternway.yaml"
    word = {"name": "word", "with": {"file": str(folder / "word")}}
    base = {"name": "t", "manifests": ["m.json"], "steps": [word], "journal": {"store": "file", "path": str(folder / "journal")}}  # fmt: skip
    path.write_text(yaml.safe_dump({**base, **keys}))
    return path


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("KUBECONFIG", "HOME")}
    return subprocess.run(command(*arguments), env={**clean, "HOME": "/nonexistent", **environ}, capture_output=True, text=True, check=False)  # fmt: skip


def test_it_runs_by_its_name_without_any_cluster(install: Install, tmp_path: Path) -> None:
    install("word-step")
    path = config(tmp_path)
    done = run("run", "-c", str(path))
    assert (done.returncode, (tmp_path / "word").read_text()) == (0, "new"), done.stdout + done.stderr
    name = run("runs", "--journal", str(tmp_path / "journal")).stdout.splitlines()[1].split()[0]
    others = run("runs", "other", "--journal", str(tmp_path / "journal"))
    assert (others.stdout, others.returncode) == ("", 0)
    assert others.stderr.startswith("the journal holds no runs of other; it has those of ")
    undone = run("rollback", name, "--journal", str(tmp_path / "journal"))
    assert (undone.returncode, (tmp_path / "word").read_text()) == (0, "old"), undone.stdout + undone.stderr
    assert run("step", "word", "execute", "-c", str(path)).returncode == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": ["wrod"]}, "there is no step 'wrod'"),
        ({"steps": [{"name": "word", "with": {"flie": "x"}}]}, "word has an option that word does not know: 'flie'"),
        ({"steps": ["word"]}, None),
    ],
)
def test_mistakes_are_found_before_the_run(install: Install, tmp_path: Path, change: dict[str, Any], words: str | None) -> None:  # fmt: skip
    install("word-step", code=STEP.replace("options=", "programs=('no-such-program',), options="))
    done = run("run", "-c", str(config(tmp_path, **change)))
    assert done.returncode == Exit.REFUSED, done.stdout
    assert (words or "step word needs the program no-such-program, which is not on PATH") in done.stderr
    assert not (tmp_path / "journal").exists()


def test_the_list_of_steps(install: Install) -> None:
    install("word-step")
    listed = run("steps")
    assert "word      word-step 1.2" in listed.stdout
    rows = {row["name"]: row for row in map(json.loads, run("steps", "--output", "json").stdout.splitlines())}
    assert rows["word"] | {"schema": 1, "type": "step", "package": "word-step", "version": "1.2", "needs_cluster": False, "effects": "reversible", "options": ["file"], "summary": "Writes a word into a file.", "error": None} == rows["word"]  # fmt: skip
    assert rows["deploy"]["package"] == "sternway"
    install("bad-step", name="bad", code="class Word: pass")
    listed = run("steps")
    assert listed.returncode == Exit.REFUSED
    assert "bad       bad-step 1.2" in listed.stdout
    assert "error: step bad of package bad-step 1.2 (entry point bad_step:Word): it has no execute" in listed.stderr
    done = run("steps", "--output", "json")
    assert done.returncode == Exit.REFUSED
    bad = next(row for row in map(json.loads, done.stdout.splitlines()) if row["name"] == "bad")
    assert "it has no execute" in bad["error"]
    assert run("run", "-c", "/nix.yaml").returncode == Exit.USAGE, "one that is not used breaks nothing"


class Elsewhere:
    """A step that is installed on one machine, and on another one is not."""

    spec = StepSpec("elsewhere", Effects.REVERSIBLE, needs_cluster=False)

    def execute(self, context: Context) -> Outcome:
        context.journal.intent({})
        return Outcome("done")

    def rollback(self, context: Context) -> Outcome:
        return Outcome("undone")


def test_where_it_is_not_installed_the_others_are_undone_and_it_is_named(tmp_path: Path) -> None:
    pipeline = config_of("default", config_map("m"), steps=(StepConfig("first", "second"), StepConfig("elsewhere", "elsewhere")))  # fmt: skip
    pipeline = replace(pipeline, journal=replace(pipeline.journal, store="file", path=str(tmp_path)))

    class Second(Elsewhere):
        spec = StepSpec("second", Effects.REVERSIBLE, needs_cluster=False)

    with Session(steps={"elsewhere": Elsewhere(), "second": Second()}) as session:
        name = session.run(pipeline).run
    with Session(steps={"second": Second()}, journal=str(tmp_path)) as session:
        told: list[Any] = []
        result = session.rollback(name, told.append)
        assert result.status is Status.ROLLBACK_FAILED
        [error] = result.rollback_errors
        assert str(error) == "elsewhere: no package that is installed here declares the step 'elsewhere'"
        done = [(a.step, a.result) for a in session.story(name).attempts if a.action == "rollback"]
        assert done == [("first", "done")]
    with Session(steps={"elsewhere": Elsewhere()}, journal=str(tmp_path)) as session:  # the other one is undone already
        assert session.rollback(name).status is Status.UNDONE


def test_what_a_config_carries_is_read_back_as_it_was(tmp_path: Path) -> None:
    rule = Rule("apps", ("deployments",), ("get", "patch"), ("Deployment",), True, True, in_target=True)
    assert all(getattr(rule, name) for name in Rule.__dataclass_fields__), "a field that this test does not know"
    spec = StepSpec(
        "word", Effects.REVERSIBLE, True, (rule,), (Rule("", ("pods",), ("get",)),), ("git",), ("file",), ("images",)
    )
    assert all(getattr(spec, name) for name in StepSpec.__dataclass_fields__), "a field that this test does not know"
    for each in (spec, StepSpec("word"), StepSpec("word", Effects.IRREVERSIBLE, needs_cluster=False)):
        path = config(tmp_path, declared={"word": to_yaml_data(each)})
        loaded = load(path)
        assert loaded.declared == {"word": each}
        data = json.loads(json.dumps(loaded.to_dict()))
        assert Config.from_dict(data).declared == {"word": each}
        assert spec_of({**data["declared"]["word"], "tomorrow": 1}) == each


def test_a_config_speaks_for_no_step_of_ours(tmp_path: Path) -> None:
    loaded = load(config(tmp_path, declared={"deploy": {"effects": "none"}, "word": {"effects": "irreversible"}}))
    specs = Specs(Steps(builtin_steps(), list), loaded.declared)
    assert specs["deploy"].effects is Effects.REVERSIBLE
    assert specs["word"].effects is Effects.IRREVERSIBLE


def test_mistakes_in_what_is_carried_have_their_place(tmp_path: Path) -> None:
    path = config(tmp_path, declared={"word": {"effects": "revresible", "rules": []}})
    with pytest.raises(Refused) as raised:
        load(path)
    assert "sternway.yaml:" in str(raised.value)
    assert "declared.word.rules: this key is not known" in str(raised.value)
    assert "declared.word.effects" in str(raised.value)


def test_a_step_that_ends_the_process_is_undone(tmp_path: Path) -> None:
    class Leaves(Elsewhere):
        def execute(self, context: Context) -> Outcome:
            context.journal.intent({})
            sys.exit(1)

    pipeline = config_of("default", config_map("m"), steps=(StepConfig("elsewhere", "elsewhere"),))
    pipeline = replace(pipeline, journal=replace(pipeline.journal, store="file", path=str(tmp_path)))
    with Session(steps={"elsewhere": Leaves()}, journal=str(tmp_path)) as session:
        result = session.run(pipeline)
        assert (result.status, result.exit_code) == (Status.UNDONE, Exit.BUG)
        assert "called sys.exit(1)" in str(result.error)


def test_the_command_line_does_not_load_the_test_kit() -> None:
    code = "import sys, sternway_steps.session, sternway_steps.cli.main, sternway_steps.cli.steps; print([m for m in sys.modules if m.startswith(('sternway_steps.testing', 'pytest'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_has_no_distribution_is_found_too() -> None:
    [found] = find([EntryPoint("x", "no_such_module:X", "sternway.steps")], ())
    assert (found.package, found.version) == ("unknown", "")
    assert "No module named 'no_such_module'" in str(found.problem)


def bare(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command where no package of another step is installed, as in the container of one of ours."""
    return run(*arguments, PYTHONPATH="")


def declared(path: Path, *names: str) -> dict[str, Any]:
    """Print what the packages that are installed here say of their steps, as a file that a configuration extends."""
    printed = run("steps", "--declared", *names)
    assert printed.returncode == 0, printed.stderr
    (path.parent / "declared.yaml").write_text(printed.stdout)
    data: dict[str, Any] = yaml.safe_load(printed.stdout)["declared"]
    return data


def test_what_a_package_says_of_its_step_is_printed_where_it_is_and_read_where_it_is_not(install: Install, tmp_path: Path) -> None:  # fmt: skip
    install("word-step")
    settings = {"name": "settings", "uses": "command", "execute": ["true"], "effects": "none"}
    word = {"name": "word", "with": {"file": str(tmp_path / "word")}}
    path = config(tmp_path, steps=[word, settings])
    refused = bare("step", "settings", "execute", "-c", str(path))
    assert refused.returncode == Exit.REFUSED
    assert "there is no step 'word'" in refused.stderr
    assert "sternway steps --declared word" in refused.stderr
    assert not (tmp_path / "journal").exists()
    assert declared(path, "word") == {
        "word": {"effects": "reversible", "needsCluster": False, "options": ["file"], "contract": 2}
    }
    config(tmp_path, steps=[word, settings], extends="declared.yaml")
    done = bare("step", "settings", "execute", "-c", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_first_step_knew_the_later_ones_find_in_the_record_of_the_run(install: Install, tmp_path: Path) -> None:  # fmt: skip
    """No configuration declares it: whoever began the run had the package."""
    install("word-step")
    note = {"name": "note", "uses": "command", "execute": ["touch", "there"], "rollback": ["rm", "-f", "there"]}
    word = {"name": "word", "with": {"file": str(tmp_path / "word")}}
    path = config(tmp_path, steps=[word, note])
    assert bare("step", "note", "execute", "-c", str(path)).returncode == Exit.REFUSED
    for do, action, code, text, there in (
        (run, "execute", 0, "new", False), (bare, "execute", 0, "new", True),
        (bare, "rollback", 0, "new", False), (run, "rollback", 0, "old", False),
    ):  # fmt: skip
        done = do("step", "word" if do is run else "note", action, "-c", str(path))
        assert done.returncode == code, done.stdout + done.stderr
        assert ((tmp_path / "word").read_text(), (tmp_path / "there").exists()) == (text, there)
    name = bare("runs", "--journal", str(tmp_path / "journal")).stdout.splitlines()[1].split()[0]
    ended = bare("report", "--run", name, "-c", str(path))
    assert ended.returncode == Exit.STOPPED, ended.stdout + ended.stderr  # nobody says why it was undone
    assert f"run {name} of t: undone" in ended.stdout


def test_a_step_that_is_not_here_begins_no_run(install: Install, tmp_path: Path) -> None:
    install("word-step")
    path = config(tmp_path)
    declared(path)
    config(tmp_path, extends="declared.yaml")
    done = bare("step", "word", "execute", "-c", str(path))
    assert done.returncode == Exit.REFUSED
    assert "no package that is installed here declares the step 'word'" in done.stderr
    assert bare("runs", "--journal", str(tmp_path / "journal")).stdout == "the journal holds no runs\n"


@pytest.mark.parametrize("words", [("run",), ("step", "word", "execute")])
def test_effects_that_the_package_no_longer_says_are_refused(install: Install, tmp_path: Path, words: tuple[str, ...]) -> None:  # fmt: skip
    """Else nothing would undo it."""
    install("word-step")
    path = config(tmp_path, declared={"word": {"effects": "none", "needsCluster": False, "options": ["file"]}})
    done = run(*words, "-c", str(path))
    assert done.returncode == Exit.REFUSED
    assert "declared.word.effects is none, and the package that is installed here says reversible" in done.stderr
    assert "sternway steps --declared word" in done.stderr
    assert (tmp_path / "word").read_text() == "old"


def test_a_name_that_no_package_has_is_not_declared(install: Install) -> None:
    install("word-step")
    done = run("steps", "--declared", "word", "wrod")
    assert (done.returncode, done.stdout) == (Exit.REFUSED, "")
    assert "error: step wrod is of no package that is installed here" in done.stderr
    listed = run("steps", "deploy", "word").stdout.splitlines()
    assert [line.split()[0] for line in listed if not line.startswith("  ")] == ["STEP", "deploy", "word"]


NOISY = STEP.replace(
    """        file.write_text("new")
""",
    """        print("half", end="")
        print(" a line\\nand another")
        import subprocess, sys, threading
        subprocess.run([sys.executable, "-c", "print('of a child')"], check=True)
        other = threading.Thread(target=print, args=("of a thread",))
        other.start(), other.join()
        file.write_text("new")
        print("no end", end="")
""",
)


def test_what_a_step_prints_is_its_progress_and_standard_output_stays_json(install: Install, tmp_path: Path) -> None:
    install("word-step", code=NOISY)
    path = config(tmp_path)
    done = run("run", "-c", str(path), "--output", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]  # each line of it is one
    said = [(event["step"], event["message"]) for event in events if event["type"] == "step-progress"]
    assert said == [("word", "half a line"), ("word", "and another"), ("word", "no end")]
    assert events[-1]["type"] == "run-ended"
    assert done.stderr.splitlines() == ["of a child", "of a thread"]


def test_people_see_what_a_step_prints_among_its_lines(install: Install, tmp_path: Path) -> None:
    install("word-step", code=NOISY)
    done = run("step", "word", "execute", "-c", str(config(tmp_path)))
    assert done.returncode == 0, done.stderr
    said = [line.partition(" word: ")[2] for line in done.stdout.splitlines() if " word: " in line]
    assert said[:2] == ["half a line", "and another"], done.stdout
    assert "of a child\n" in done.stdout
    assert "of a thread\n" in done.stdout
