"""The old names of modules, which import the new ones and say so; they go with the next release.

Here are the modules that the documentation named once; CHANGELOG.md has the same table.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as type checkers read it: this is loaded by every start
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_ROOT = "sternway_steps."
MOVED = {
    "attempt": "saga.attempt",
    "build": "builtin.build",
    "cluster": "",
    "cluster.api_error": "kube.api_error",
    "cluster.apply": "release.apply",
    "cluster.client": "kube.client",
    "cluster.diagnose": "rollout.diagnose",
    "cluster.discovery": "kube.discovery",
    "cluster.ref": "objects.ref",
    "cluster.restore": "release.restore",
    "cluster.rollout": "rollout.wait",
    "cluster.snapshot": "release.snapshot",
    "cluster.watch": "kube.watch",
    "command": "builtin.command",
    "config.errors": "yamltree.errors",
    "contract": "registry.conformance",
    "deploy": "builtin.deploy",
    "events": "saga.events",
    "found": "registry.entry_points",
    "interrupted": "saga.recovery",
    "journal.files": "journal.backends.files",
    "journal.lease": "journal.locks.lease",
    "journal.lock": "journal.locks.lock",
    "journal.secrets": "journal.backends.secrets",
    "journal.store": "journal.backends.store",
    "known": "registry.steps",
    "orchestrator": "saga.orchestrator",
    "plain": "saga.event_json",
    "plan": "saga.plan",
    "report": "saga.finalize",
    "result": "saga.result",
    "run": "saga.step_run",
    "stopping": "saga.cancel",
    "validate": "builtin.validate",
    "verify": "builtin.verify",
}
"""Old name by new name, both below this package; a package whose modules went to several has none."""


def new_name(name: str) -> str | None:
    """Return what a module is called now, "" for a package that is no more, None for a name that is no old one.

    What is below an old name is below its new one.
    """
    old, below = name.removeprefix(_ROOT), ""
    while old and old not in MOVED:
        old, _, part = old.rpartition(".")
        below = f".{part}{below}"
    return f"{_ROOT}{MOVED[old]}{below}" if old and MOVED[old] else "" if old and not below else None


class Moved:
    """Finds modules by their old names."""

    @staticmethod
    def find_spec(name: str, *_: object) -> ModuleSpec | None:
        """Find one of the table, for the import system."""
        if not name.startswith(_ROOT) or (new := new_name(name)) is None:
            return None
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, _Alias, is_package=not new)  # type: ignore[arg-type]


class _Alias:
    """Puts the module of the new name in the old one's place, so that its classes are the same."""

    @staticmethod
    def create_module(_spec: ModuleSpec) -> None:
        """Leave it to the import system, whose module is replaced."""

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Import the new name in its stead, with a warning at who imports the old one."""
        new = new_name(module.__name__)
        if not new:
            return
        import warnings
        from importlib import import_module

        message = f"{module.__name__} is {new} now; the old name goes with the next release"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        sys.modules[module.__name__] = import_module(new)


def install() -> None:
    """Let old names be found, once a process; first, for a package under its old name would find its files anew."""
    if Moved not in sys.meta_path:
        sys.meta_path.insert(0, Moved)
