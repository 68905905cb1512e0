"""`python -m tests.mutation`: a seeded sample of small changes to the sources, and which of them no test notices."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.trial import dies

ROOT = Path(__file__).parent.parent.parent
STEPS = ROOT / "steps"
_SCENARIOS = ["one_verdict", "step_by_step", "put_back", "others"]
_RUNS = ["tests/component/builtin/test_steps.py", *(f"tests/scenarios/test_{name}.py" for name in _SCENARIOS)]
TESTS = {
    "objects": ["tests/unit/objects", "tests/unit/release", "tests/unit/saga", "tests/unit/rollout", *_RUNS],
    "saga": ["tests/unit/saga", "tests/unit/test_exits.py", *_RUNS],
    "release": ["tests/unit/release", "tests/unit/objects", *_RUNS, "tests/scenarios/test_owners.py"],
    "journal": ["tests/unit/saga", "tests/component/journal", *_RUNS],
}
"""What tests a room, besides the tests that have a module's own name, which come first: the quick ones before the others."""
_SPARE = 30.0


def main() -> int:
    """Try the mutants that are asked for; the exit code says whether fewer died than `--least`."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument(
        "rooms", nargs="*", metavar="ROOM", help=f"{', '.join(TESTS)}, or one file of them (default: all)"
    )
    parser.add_argument("--sample", type=int, default=100, metavar="N", help="so many mutants (default 100; 0: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600, help="no new one is tried after so long")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="so many at once")
    parser.add_argument("--least", type=float, default=0, metavar="PERCENT", help="fail when fewer die")
    asked = parser.parse_args()
    os.chdir(ROOT)
    end = time.monotonic() + 60 * asked.minutes
    drawn = [(m, source) for m in _drawn(asked.rooms or list(TESTS), asked.seed, asked.sample) if (source := m.make())]
    limits = {room: _seconds(TESTS[room]) for room in {_room(mutant.path) for mutant, _ in drawn}}
    lived: list[Mutant] = []
    tried = 0

    def one(mutant: Mutant, source: str) -> None:
        nonlocal tried
        if time.monotonic() > end:
            return
        tests = _tests(mutant.path)
        died = dies(_module(mutant.path), mutant.path, source, tests, limits[_room(mutant.path)])
        tried += 1
        if not died:
            lived.append(mutant)
            print(f"lives: {mutant.path.relative_to(STEPS)}:{mutant.what}\n{mutant.difference()}", flush=True)

    with ThreadPoolExecutor(asked.jobs) as pool:
        for done in [pool.submit(one, *each) for each in drawn]:
            done.result()
    score = 100 * (tried - len(lived)) / max(tried, 1)
    print(f"{tried - len(lived)} of {tried} mutants die ({score:.0f} %), seed {asked.seed}")
    return int(score < asked.least)


def _drawn(rooms: Sequence[str], seed: int, count: int) -> Iterator[Mutant]:
    """Yield mutants of the rooms in a random order, `count` of those that change something."""
    every = [mutant for path in _files(rooms) for mutant in mutants(path)]
    random.Random(seed).shuffle(every)
    made = 0
    for mutant in every:
        if count and made == count:
            return
        if mutant.make() is not None:
            made += 1
            yield mutant


def _files(rooms: Sequence[str]) -> list[Path]:
    found: list[Path] = []
    for room in rooms:
        at = STEPS / "sternway_steps" / room
        assert at.exists(), f"there is no {at}: ROOM is one of {', '.join(TESTS)}, or ROOM/FILE.py"
        found += [at] if at.is_file() else sorted(at.rglob("*.py"))
    return found


def _module(path: Path) -> str:
    return ".".join(path.relative_to(STEPS).with_suffix("").parts).removesuffix(".__init__")


def _room(path: Path) -> str:
    return path.relative_to(STEPS / "sternway_steps").parts[0]


def _tests(path: Path) -> tuple[str, ...]:
    """Return what tests a file: first the tests with its name, then all of its room."""
    room = _room(path)
    own = [str(test.relative_to(ROOT)) for test in (ROOT / "tests").rglob(f"{room}/**/test_{path.stem}*.py")]
    return tuple(dict.fromkeys([*sorted(own), *TESTS[room]]))


def _seconds(tests: Sequence[str]) -> float:
    """Run tests on the sources as they are; return how long they may take on a mutant."""
    began = time.monotonic()
    unchanged = STEPS / "sternway_steps/plural.py"
    source = unchanged.read_text()
    with tempfile.NamedTemporaryFile() as log:
        failed = dies(_module(unchanged), unchanged, source, tests, 1200, log.name)
        assert not failed, f"fails without a mutant: {' '.join(tests)}\n{Path(log.name).read_text()[-3000:]}"
    return 4 * (time.monotonic() - began) + _SPARE


if __name__ == "__main__":
    sys.exit(main())
