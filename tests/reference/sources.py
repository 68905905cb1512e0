"""What the sources themselves say of errors: read, not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from sternway_steps.errors import Bug, ClusterError, SternwayError

from tests.conftest import ROOT

_TREES = ("steps/sternway_steps", "templates/sternway_templates")
_NOT_OURS = ("sandbox", "testing", "explained")
"""Rooms of which no error reaches a user, and the catalogue itself."""
_NO_REASONS = {
    "ENDED", "ON_HOLD",  # of objects that are as they should be
    "HEALTH_TYPES", "TERMINAL_TYPES", "_BRINGS_NODE", "_MOUNTED", "_MAKERS", "_OPERATORS",
}  # fmt: skip
"""Constants of other words: types of conditions, events, kinds."""


@cache
def classes() -> dict[str, type[BaseException]]:
    """Return the classes of errors that the sources raise and users see, by their names."""
    raised = {name for path in _files(*_TREES) for name in _called(path)}
    found: dict[str, type[BaseException]] = {}
    for path in _files(*_TREES):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name in raised:
                made = getattr(import_module(_module(path)), node.name, None)
                if isinstance(made, type) and issubclass(made, SternwayError | ClusterError | Bug):
                    found[node.name] = made
    return found


@cache
def reasons() -> frozenset[str]:
    """Return the reasons for which an object is not ready, as the diagnosis writes them or compares with them."""
    found: set[str] = set()
    for path in _files("steps/sternway_steps/rollout"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            found.update(_reasons_in(node))
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id not in _NO_REASONS:  # fmt: skip
                found.update(_words(node.value))
    return frozenset(found)


def _files(*trees: str) -> Iterator[Path]:
    for tree in trees:
        yield from (p for p in sorted((ROOT / tree).rglob("*.py")) if not set(p.parts) & set(_NOT_OURS))


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _called(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            yield name
            if name not in (
                "isinstance",
                "issubclass",
                "suppress",
            ):  # a class that is handed to what makes the error of it
                yield from (each.id for each in node.args if isinstance(each, ast.Name))


def _reasons_in(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Name(id="Cause" | "progressing"), args=[reason, *_]):
            yield from _words(reason)
        case ast.Call(func=ast.Name(id="Verdict"), args=[ast.Constant(value="progressing" | "failed"), reason, *_]):
            yield from _words(reason)
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value="reason"), default]):
            yield from _words(default)
        case ast.Call(func=ast.Name(id="replace"), keywords=keywords):
            yield from (word for each in keywords if each.arg == "reason" for word in _words(each.value))
        case ast.FunctionDef(name="_reason"):
            yield from (
                word
                for each in ast.walk(node)
                if isinstance(each, ast.Return) and each.value
                for word in _words(each.value)
            )
        case ast.Assign(targets=[ast.Name(id="reason"), *_], value=value):
            yield from _words(value)


def _words(node: ast.AST) -> Iterator[str]:
    """Give what may be the value of an expression and looks like a reason: one word in CamelCase."""
    match node:
        case ast.Constant(value=str(text)) if text.isalpha() and text[0].isupper() and not text.isupper():
            yield text
        case ast.BoolOp(values=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            yield from (word for part in parts for word in _words(part))
        case ast.IfExp(test=test, body=one, orelse=other):
            compared = test.comparators if isinstance(test, ast.Compare) and isinstance(one, ast.Name) else []
            yield from (word for part in (*compared, one, other) for word in _words(part))
        case ast.Call(func=ast.Name(id="frozenset"), args=[only]):
            yield from _words(only)
