"""Many histories, side by side: on a cluster or the sandbox, with a namespace and a kind of custom resource of their own."""

from __future__ import annotations

import os
import re
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client
from sternway_steps.kube.wait import wait_until_served
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox

from .compare import compared
from .history import History, history, kinds
from .judge import judge
from .law import bare
from .plain import definition
from .play import Place, Played, playing
from .product import Driver
from .pruning import judge_prune, met_in, playing_prune, prune_history
from .report import report
from .shapes import Kind
from .shrink import kinds_of, shrunk
from .world import await_told


@dataclass
class Done:
    """What came of it."""

    rounds: int = 0
    wrong: list[int] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    """What the histories were like, so that it shows when they stop to be any trial."""
    seconds: float = 0.0

    def __str__(self) -> str:
        each = self.seconds / max(1, self.rounds)
        lines = [f"{self.rounds} histories, {len(self.wrong)} wrong, {self.seconds:.0f} s ({each:.3f} s each)"]
        for word, counts in (("wrong", self.kinds), ("let pass", self.passed), ("met", self.met)):
            lines += [f"  {word}: {count} {what}" for what, count in counts.most_common(30)]
        return "\n".join(lines)


@contextmanager
def ground(kubeconfig: str, tag: str = "") -> Iterator[tuple[str, str]]:
    """Give a namespace and a group for custom resources, for as long as they are needed."""
    tag = tag or uuid.uuid4().hex[:8]
    client = Client.connect(kubeconfig)
    namespace, group = f"histories-{tag}", f"h{tag}.sternway.test"
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, manager="test")
    made = client.create(definition(group), manager="test")
    try:
        wait_until_served(client, [Ref.of(made)], lambda: None)
        await_told(client, f"{group}/v1")
        yield namespace, group
    finally:
        for ref in (Ref.of(made), Ref("v1", "Namespace", None, namespace)):
            client.delete(ref, uid=None, propagation="Background")
        client.close()


@contextmanager
def _stage(
    kind: str | None, *, sandbox: bool, recorded: bool = False
) -> Iterator[tuple[list[Kind], Callable[[], Place]]]:
    """Give the kinds that are played, and what gives each thread its place."""
    mine = threading.local()
    with ExitStack() as stack:
        kubeconfig = stack.enter_context(Sandbox()).kubeconfig if sandbox else os.environ["KUBECONFIG"]
        namespace, group = stack.enter_context(ground(kubeconfig))
        journals = Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def place() -> Place:
            if not hasattr(mine, "place"):
                driver = Driver.connect(kubeconfig, journals, recorded=recorded)
                mine.place = Place(driver, Client.connect(kubeconfig), namespace)
            return mine.place  # type: ignore[no-any-return]

        yield [one for one in kinds(group) if kind in (None, one.kind)], place


def _in_threads(threads: int, one: Callable[[int], None], numbers: Iterable[int]) -> None:
    pool = ThreadPoolExecutor(threads)
    try:
        for future in [pool.submit(one, number) for number in numbers]:
            future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def rounds(
    seed: int, numbers: Iterable[int], *, threads: int = 2, sandbox: bool = False, kind: str | None = None,
    reduce: bool = True, tell: Callable[[str], Any] = print, folder: Path | None = None,
) -> Done:  # fmt: skip
    """Play the histories of a seed."""
    done, lock = Done(), threading.Lock()
    began = time.monotonic()
    with _stage(kind, sandbox=sandbox) as (every, place):

        def one(number: int) -> None:
            found, wrong = history(seed, number, every), []
            try:
                played, wrong = tried(found, place(), done)
            except (ApiError, TimeoutError) as error:  # the others are played all the same
                with lock:
                    done.rounds += 1
                    done.wrong.append(number)
                    done.kinds["not played to its end"] += 1
                    tell(f"== seed {seed}, history {number}: {error!r}")
                return
            if wrong and reduce:
                played, wrong = shrunk(found, lambda h, n: tried(h, place(), None, f"-s{n}"), (played, wrong))
            with lock:
                done.rounds += 1
                if done.rounds % 200 == 0:
                    tell(f"… {done.rounds} histories, {len(done.wrong)} wrong, {time.monotonic() - began:.0f} s")
                if wrong:
                    done.wrong.append(number)
                    done.kinds.update(kinds_of(wrong))
                    tell(text := report(played, wrong))
                    for name in kinds_of(wrong) if folder else ():
                        _keep(folder / (re.sub(r"[^a-zA-Z0-9]+", "-", name)[:80] + ".txt"), text)

        _in_threads(threads, one, numbers)
    done.seconds = time.monotonic() - began
    return done


def prune_rounds(
    seed: int, numbers: Iterable[int], *, threads: int = 2, sandbox: bool = False, kind: str | None = None,
    tell: Callable[[str], Any] = print,
) -> Done:  # fmt: skip
    """Play the histories of a seed in which runs remove what is no longer named."""
    done, lock = Done(), threading.Lock()
    began = time.monotonic()
    with _stage(kind, sandbox=sandbox, recorded=True) as (every, place):

        def one(number: int) -> None:
            try:
                with playing_prune(prune_history(seed, number, every), place()) as played:
                    wrong, met = judge_prune(played), list(met_in(played))
            except (ApiError, TimeoutError) as error:
                wrong, met = [f"not played to its end: {error!r}"], []
            with lock:
                done.rounds += 1
                done.met.update(met)
                if wrong:
                    done.wrong.append(number)
                    done.kinds.update(line.partition(" is ")[0][:60] for line in wrong)
                    seen = [f" {played.history}", *(str(each.notes) for each in played.seen)] if met else []
                    tell("\n  ".join([f"== seed {seed}, history {number}:", *wrong]) + "\n  ".join(seen))

        _in_threads(threads, one, numbers)
    done.seconds = time.monotonic() - began
    return done


def tried(one: History, place: Place, done: Done | None, tag: str = "") -> tuple[Played, list[str]]:
    """Play a history and judge it."""
    with playing(one, place, tag) as played:
        judged = judge(played, place.others)
    if done is not None:
        done.passed.update(what.partition(":")[0] for what in judged.passed)
        done.met.update(_met(played))
    return played, judged.wrong


def _met(played: Played) -> Iterator[str]:
    if played.lost:
        yield "evidence lost"
    if played.ran is not None and played.ran.error is not None:
        yield "run refused"
    for seen in played.seen:
        yield f"item {seen.item.result if seen.item else None}"
        yield from (note.partition(":")[0] for note in seen.notes)
        if seen.after is not None and seen.now is not None and bare(seen.after) != bare(seen.now):
            yield "changed by others"
        if seen.overlaid is not None:
            yield "another run came and went"
        if seen.raced:
            yield "changed while it was undone"


def _keep(file: Path, text: str) -> None:
    """Keep the shortest example."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists() or len(text) < len(file.read_text()):
        file.write_text(text)


def run_parallel(seed: int, numbers: Iterable[int], kind: str | None = None) -> list[str]:
    """Play histories on the real server and the sandbox, and tell where the sandbox differs."""
    tag, real, found = uuid.uuid4().hex[:8], os.environ["KUBECONFIG"], []
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox()).kubeconfig
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        places = []
        for word, kubeconfig in (("real", real), ("sandbox", sandbox)):
            namespace, group = stack.enter_context(ground(kubeconfig, tag))
            places.append(Place(Driver.connect(kubeconfig, folder / word), Client.connect(kubeconfig), namespace))
        every = [one for one in kinds(group) if kind in (None, one.kind)]
        for number in numbers:
            found += [f"{number}: {line}" for line in compared(history(seed, number, every), *places)]
    return found
