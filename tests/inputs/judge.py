"""What must hold of every command, whatever it was given."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sternway_steps.exits import Exit

from .case import Case, Command, Ended

SECONDS, MEGABYTES, MOST_TEXT = 2.0, 200.0, 100_000
CODES = {int(code) for code in Exit} - {Exit.BUG}
_NAMED = re.compile(r"(?:kind|name|namespace)[\"']?: *[\"']?([\w.-]+)")
"""What a server's refusal names: an object."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def faults(case: Case, command: Command, ended: Ended) -> Iterator[str]:
    """Give what is wrong with how a command ended."""
    text = ended.out + ended.err
    if "Traceback (most recent call last)" in text:
        yield f"a traceback: {text.strip().splitlines()[-1][:200]}"
    elif ended.code not in CODES:
        yield f"exit code {ended.code} is none of the table"
    if ended.megabytes > MEGABYTES:
        yield f"it took {ended.megabytes:.0f} MB"
    # A server that refuses the connection is tried again, as it would be while it starts; that is said at once.
    waits = ended.code == Exit.TRANSIENT and "refuses the connection; trying again for up to" in ended.err
    if ended.seconds > SECONDS and not waits and (not command.undoes or ended.code in (Exit.USAGE, Exit.REFUSED)):
        yield f"it took {ended.seconds:.1f} s"
    if ended.code != 0:
        yield from _message(case, ended)
    if (ended.code in (Exit.USAGE, Exit.REFUSED) or not command.undoes) and (touched := _touched(ended)):
        yield f"it changed the cluster: {touched[0]}"
    if (ended.code == 0 or ended.code in CODES) and (why := case.oracle(ended)):
        yield why


def _touched(ended: Ended) -> list[str]:
    """Give the changing requests; what is refused by the cluster may have taken the lock, and is in the journal."""
    own = ("fieldManager=sternway-lock", "fieldManager=sternway-journal", "/leases/", "/secrets/sternway.", "/events")
    return [line for line in ended.changing if ended.code != Exit.REFUSED or not any(word in line for word in own)]


def _message(case: Case, ended: Ended) -> Iterator[str]:
    """A failure names a file or a field, in a few lines that a terminal can show."""
    if not ended.err.strip() and not ended.out.strip():
        yield "it says nothing"
        return
    told = ended.err + ended.out
    files = [part for path in case.files for part in (path, path.rpartition("/")[2])]
    texts = [command.stdin for command in case.commands] + [
        each for each in case.files.values() if isinstance(each, bytes)
    ]
    objects = ["kind", *_NAMED.findall(b"\n".join(texts).decode(errors="replace"))]
    names = [*case.names, *files, *(objects if ended.code != Exit.USAGE else ())]
    if not any(name and name[:60] in told for name in names):
        yield f"it names neither file nor field: {told.strip()[:300]!r}"
    if len(ended.err) > MOST_TEXT:
        yield f"its message has {len(ended.err)} characters"
    if found := _CONTROL.search(ended.err):
        yield f"its message has the control character {found[0]!r}: {ended.err[max(0, found.start() - 60) : found.end() + 20]!r}"
