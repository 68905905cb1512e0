"""Plays a case with all rights, and without each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.access import User
from sternway_steps.sandbox.kinds import Kind

from tests.rights.stage import Case, Differs, Granted, Stage, stage


@contextmanager
def recorded(sandbox: Sandbox) -> Iterator[dict[Granted, bool]]:
    """Give what the account asks for, and whether it may."""
    found: dict[Granted, bool] = {}
    check = sandbox.access.check

    def checked(verb: str, kind: Kind, sub: str, namespace: str, name: str = "", user: User = User()) -> None:
        if not user.name:
            return check(verb, kind, sub, namespace, name, user)
        asked = Granted(namespace, kind.group, kind.plural + (f"/{sub}" if sub else ""), verb)
        found[asked] = sandbox.access.allows(verb, kind.group, asked.resource, namespace, name, user)
        return check(verb, kind, sub, namespace, name, user)

    sandbox.access.check = checked  # type: ignore[method-assign]
    try:
        yield found
    finally:
        sandbox.access.check = check  # type: ignore[method-assign]


def used(case: Case) -> tuple[list[Granted], dict[str, dict[Granted, bool]]]:
    """Play all of a case on the sandbox; give what is granted, and by play what was asked for and whether it could."""
    asked: dict[str, dict[Granted, bool]] = {}
    granted: set[Granted] = set()
    for play in case.plays:
        with Sandbox() as sandbox, stage(sandbox.kubeconfig, case) as made:
            made.grant()
            with recorded(sandbox) as found:
                play(made)
            asked[play.__name__] = {made.general(right): may for right, may in found.items()}
            granted |= {made.general(right) for right in made.granted()}
    return sorted(granted), asked


def played(kubeconfig: str, case: Case, play: Callable[[Stage], None], without: Granted | None) -> str:
    """Play without a right, or with all; return what was told, "" when it ended as it should."""
    with stage(kubeconfig, case) as made:
        made.grant(made.special(without) if without is not None else None)
        try:
            play(made)
        except Differs as differs:
            return str(differs)
    return ""


def names(right: Granted, told: str) -> bool:
    """Tell whether a text names a right that is missing, as the API server does."""
    return f'cannot {right.verb} resource "{right.resource}"' in told.replace('\\"', '"')


@dataclass(frozen=True)
class Round:
    """A right that is taken away, and the plays that ask for it."""

    name: tuple[str, str, str]
    plays: tuple[tuple[Case, Granted, Callable[[Stage], None]], ...]

    def __str__(self) -> str:
        group, resource, verb = self.name
        return f"{verb} {resource}{'.' if group else ''}{group}"

    def on_a_cluster(self) -> Round:
        """Leave out what takes more than a cluster has."""
        return Round(self.name, tuple(play for play in self.plays if play[0].real))

    def wrong(self, kubeconfig: str) -> str:
        """Play without the right; return what is wrong, "" when a play differs and names it."""
        for case, right, play in self.plays:
            told = played(kubeconfig, case, play, right)
            if told:
                return "" if names(right, told) or self.name in UNNAMED else f"it is not named: {told}"
        return f"no play needs it: {[f'{case.name}.{play.__name__}' for case, _, play in self.plays]}"


UNNAMED = {("", "events", "create"), ("", "events", "patch")}
"""What a run does without, and says nothing of: no Event is put on a workload, and a second one on a Workflow."""
OF_ARGO = {("argoproj.io", "workflowtaskresults", verb) for verb in ("create", "patch")}
"""What Argo's own container in each pod asks for: proven on Argo (tests/argo/test_first_error.py)."""


def rounds(cases: Iterable[Case]) -> tuple[list[Round], list[str]]:
    """Play all with all rights; give a round for each right, and what is wrong already."""
    found: dict[tuple[str, str, str], list[tuple[Case, Granted, Callable[[Stage], None]]]] = {}
    wrong: list[str] = []
    for case in cases:
        granted, asked = used(case)
        for right in granted:
            plays = [(case, right, play) for play in case.plays if asked[play.__name__].get(right)]
            found.setdefault(right.name, []).extend(plays)
        refused = {right for by_play in asked.values() for right, may in by_play.items() if not may}
        wrong += [f"{case.name}: {right} is asked for, and not granted" for right in refused if not looks_around(right)]
    wrong += [f"nobody asks for {name}" for name, plays in found.items() if not plays and name not in OF_ARGO]
    return [Round(name, tuple(plays)) for name, plays in found.items() if plays], wrong


def looks_around(right: Granted) -> bool:
    """Tell whether something is asked for as far as one may: by an undo that lists what depends on an object."""
    return right.verb == "list" or (right.resource, right.verb) == ("namespaces", "get")


__all__ = ["Round", "names", "played", "rounds", "used"]
