"""The catalogue of errors has what the sources raise, and nothing else; what it tells people to type is true."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
from sternway_steps.cli.code_of import code_of
from sternway_steps.cli.explain import ending_of
from sternway_steps.config.form import form_of
from sternway_steps.explained.catalogue import ENTRIES, entry_for, entry_of
from sternway_steps.explained.entry import Entry
from sternway_steps.explained.kinds import KINDS
from sternway_steps.explained.objects import OBJECTS
from sternway_steps.explained.pods import PODS
from sternway_steps.registry.load import READERS
from sternway_steps.yamltree.reader import Section, Short

from tests.conftest import ROOT

from .sources import classes, reasons

_WORDS = re.compile(r"`([^`]+)`")
KUBECTL = {
    "api-resources": set(), "auth": {"--list", "--namespace"}, "describe": {"--namespace"}, "top": {"--namespace"},
    "get": {"--namespace", "--all-namespaces", "--output", "--sort-by", "--raw"},
    "logs": {"--namespace", "--previous", "--container", "--all-containers"},
}  # fmt: skip
"""What kubectl knows of what is told here: commands and options (kubernetes.io/docs/reference/kubectl/generated)."""


def test_each_class_of_errors_that_is_raised_has_an_entry_and_each_entry_is_raised() -> None:
    assert {name for entry in KINDS for name in entry.names} == set(classes())
    assert len(classes()) > 12


def test_each_reason_of_the_diagnosis_has_an_entry_and_each_entry_is_one_of_its_reasons() -> None:
    assert {name for entry in (*PODS, *OBJECTS) for name in entry.names} == set(reasons())
    assert len(reasons()) > 40


def test_the_page_has_the_exit_code_of_each_class() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text()
    for name, code in (("ConfigErrors", 2), ("Refused", 3), ("Held", 3), ("Failed", 4), ("RollbackFailed", 5), ("Bug", 70), ("Transient", 75), ("Stopped", 143)):  # fmt: skip
        assert f"[{name}](errors/{name}.md) | {code} |" in page
        assert f"\n[Exit code](../exit-codes.md): {code} (" in (ROOT / f"docs/reference/errors/{name}.md").read_text()


def test_each_entry_has_a_page_and_each_page_an_entry() -> None:
    assert sorted(entry.page for entry in ENTRIES) == sorted(
        str(path.relative_to(ROOT)) for path in (ROOT / "docs/reference/errors").iterdir()
    )


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_page_of_an_entry_has_all_that_explain_says_and_the_exit_code(entry: Entry) -> None:
    text = (ROOT / entry.page).read_text()
    assert text.startswith(f"# {entry.name}\n")
    assert "\n[Exit code](../exit-codes.md): " in text
    plain = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text).replace("`", "")
    for said in (entry.means, *entry.names[1:], *(word for row in entry.causes for word in row)):
        assert said.replace("`", "") in plain
    assert f"\nExit code: {ending_of(entry)}." in plain


def test_an_entry_has_the_exit_code_of_its_class() -> None:
    for name, kind in classes().items():
        entry = entry_of(name)
        assert entry is not None
        codes: list[int] = []
        for status in (403, 503):  # of some answers of a server, whether they may pass
            error = kind.__new__(kind)
            error.__dict__["status"] = status
            assert isinstance(error, Exception)
            codes.append(int(code_of(error)))
        assert tuple(dict.fromkeys(codes)) == entry.codes, name


def test_what_linked_to_the_one_page_of_all_errors_finds_its_error() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text()
    for entry in ENTRIES:
        assert f'<a id="{entry.name.lower()}"></a>[{entry.name}](errors/{entry.name}.md)' in page


def test_an_error_of_each_class_is_explained_as_such() -> None:
    for name, kind in classes().items():
        error = kind.__new__(kind)
        error.__dict__["kind"] = name  # of a bug
        assert entry_for(error).name == name


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_says_what_is_the_case_and_for_each_cause_what_to_do(entry: Entry) -> None:
    assert entry.means.endswith(".")
    assert entry.causes
    for cause, do in entry.causes:
        assert cause
        assert do
        assert do.count("`") % 2 == 0
        assert not cause.endswith(".")
        assert len(do) <= 130


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_what_an_entry_tells_to_type_is_true(entry: Entry) -> None:
    """The commands of Sternway are held by the test of all pages of the documentation."""
    for said in _said(entry):
        words = shlex.split(said)
        if words[0] == "kubectl":
            options = {word.partition("=")[0] for word in words if word.startswith("-")}
            assert options <= KUBECTL[words[1]], said
        elif words[0] != "sternway":
            assert _is_key(said), said
    for file in re.findall(r"docs/\S+\.md", " ".join(do for _, do in entry.causes)):
        assert (ROOT / file).is_file(), file
    for key in re.findall(r"\((verify\.[\w.]+)\)", entry.means):
        assert _is_key(key), key


def _said(entry: Entry) -> Iterator[str]:
    for _, do in entry.causes:
        yield from _WORDS.findall(do)


def _is_key(path: str) -> bool:
    section = form_of(READERS)
    *above, last = path.split(".")
    for name in above:
        kind = section.kind(name)
        inner = kind.long if isinstance(kind, Short) else kind
        if not isinstance(inner, Section):
            return False
        section = inner
    return last in section.keys
