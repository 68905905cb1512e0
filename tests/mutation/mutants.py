"""Makes mutants of a module: cosmic-ray's operators, and one that takes out a call."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_LEFT_OUT = (
    "core/RemoveDecorator", "core/ReplaceComparisonOperator_Is_Eq", "core/ReplaceComparisonOperator_IsNot_NotEq",
)  # fmt: skip
"""Operators most of whose mutants do what the module did: a dataclass without its `frozen`, an enum that equals itself."""


@dataclass(frozen=True)
class Mutant:
    """A module with one change."""

    path: Path
    what: str
    make: Callable[[], str | None]
    """Returns the mutated source; None when it means what the module meant, or nothing at all."""

    def difference(self) -> str:
        """Return the lines that differ."""
        old, new = self.path.read_text().splitlines(), (self.make() or "").splitlines()
        lines = difflib.unified_diff(old, new, lineterm="", n=0)
        return "\n".join(line for line in lines if not line.startswith(("---", "+++")))


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield all mutants of a file; each is made only when it is asked for."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    source = path.read_text()
    meant = _meaning(source)
    nodes = list(ast_nodes(get_ast(source)))

    def making(change: Callable[[], str | None]) -> Callable[[], str | None]:
        def make() -> str | None:
            mutated = change()
            return None if mutated is None or _meaning(mutated) in (None, meant) else mutated

        return make

    for name in operator_names():
        kind = get_operator(name)
        if kind.arguments() or name in _LEFT_OUT:
            continue
        operator = kind()
        found = [position for node in nodes for position in operator.mutation_positions(node)]
        for number, (start, _) in enumerate(found):
            what = f"{start[0]}: {name.removeprefix('core/')}"
            yield Mutant(path, what, making(lambda o=operator, n=number: mutate_code(source, o, n)))  # type: ignore[misc]
    for call in _calls(source):
        yield Mutant(path, f"{call.lineno}: the call is left out", making(lambda c=call: _without(source, c)))  # type: ignore[misc]


def _calls(source: str) -> list[ast.Expr]:
    """Return the statements that only call something."""
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]  # fmt: skip


def _without(source: str, call: ast.Expr) -> str:
    lines = source.splitlines(keepends=True)
    first, last = lines[call.lineno - 1].encode(), lines[(call.end_lineno or call.lineno) - 1].encode()
    changed = (first[: call.col_offset] + b"pass" + last[call.end_col_offset :]).decode()
    return "".join([*lines[: call.lineno - 1], changed, *lines[call.end_lineno or call.lineno :]])


def _meaning(source: str) -> str | None:
    """Return what a module does, without what is written for readers and type checkers; None for no Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
        if isinstance(body := getattr(node, "body", None), list):
            node.body = [one for one in body if not _is_text(one)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
