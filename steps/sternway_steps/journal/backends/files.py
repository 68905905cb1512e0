"""A journal in a folder of this machine: for pipelines that touch no cluster, and for tests.

A folder for each run, a file for each record, a line for each entry; a line counts once it is on disk.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from ...atomic import make_private
from ...errors import Refused
from ...kube.fence import Fence
from ...spec import Action
from ..checked import Note, checked, of_one_run, unheard
from ..codec import stored_line
from ..doing import doing
from ..encryption import NO_KEYS, JournalKeys
from ..entries import Entry, Key, Kind, Record
from ..locks.file_lock import FileLock
from ..locks.lock import Lock
from ..name import RunName
from .store import JournalConflict, RunInfo, gone, info_of, note_damage, started, taken, whole

_ROOM = ".room"
"""The ending of a file that keeps room for an undo's record."""
_RESERVED = 131_072
_LONGEST = 255
"""Bytes of a folder's name."""


def state_folder() -> Path:
    """Return the folder for what outlives a process on this machine (XDG_STATE_HOME)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()) / "sternway"


def file_store(path: str | None, note: Note = unheard, keys: JournalKeys = NO_KEYS) -> FileStore:
    """Return the journal in a folder, by default in the state folder."""
    return FileStore(Path(path).expanduser().absolute() if path else state_folder() / "journal", note, keys)


class FileStore:
    """Stores records below `folder`, readable by its owner alone: snapshots of Secrets are secret.

    `note` is told of what is there and is no record; `keys` encrypt what is written.
    """

    def __init__(self, folder: Path, note: Note = unheard, keys: JournalKeys = NO_KEYS) -> None:
        self._folder, self._note, self.keys = folder, note, keys

    def fenced(self, fence: Fence) -> FileStore:  # noqa: ARG002  no server has to be asked
        """Return the store: its lock is the system's, which a suspended process keeps."""
        return self

    def where(self) -> str:
        """Return the folder."""
        return str(self._folder)

    def name(self, run: str) -> str:
        """Return the path of a run's folder."""
        return str(RunName(run, str(self._folder)))

    def mark(self, run: str) -> str:
        """Make it of a token: two machines may have the same folder, and its path is nobody else's business."""
        return f"file:{secrets.token_hex(4)}/{run}"

    def append(self, key: Key, index: int, entry: Entry, labels: Mapping[str, str]) -> None:  # noqa: ARG002  a file has no labels
        """Append a line and wait until it is on disk."""
        path, text = self._folder / key.run / f"{key}.jsonl", stored_line(key, index, entry, self.keys)
        try:
            make_private(path.parent)
            lines = _whole_lines(path)
            if index < len(lines) and lines[index] == text:
                return
            if index > len(lines):
                raise gone(key)
            if index != len(lines) or (index == 0 and path.exists()):
                raise taken(key)
            size = sum(len(line.encode()) + 1 for line in lines)
            while True:
                try:
                    _write(path, text, size=size)
                    break
                except OSError as error:
                    with suppress(OSError):
                        path.unlink() if size == 0 else None  # made just now, and not whole
                    if not self._gives_room(key, error):
                        raise
            if entry.kind is Kind.RUN_ENDED:
                for room in path.parent.glob(f"*{_ROOM}"):
                    room.unlink(missing_ok=True)
        except OSError as error:
            raise Refused(
                f"the journal can't be written: {error.strerror}: {error.filename or path}",
                remedy="free space or rights there, or set journal.path in the configuration",
            ) from error

    def reserve(self, key: Key, labels: Mapping[str, str]) -> None:  # noqa: ARG002  a file has no labels
        """Take up room on the disk, which is given to what is written on the way back when there is no other."""
        path = self._folder / key.run / f"{key}{_ROOM}"
        try:
            make_private(path.parent)
            with path.open("wb") as file:
                file.write(os.urandom(_RESERVED))  # no file system can keep that in less
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            path.unlink(missing_ok=True)
            raise Refused(
                f"no room can be reserved for what the undo records: {error.strerror}: {path}",
                remedy="free space there, or set journal.path in the configuration",
            ) from error

    def _gives_room(self, key: Key, error: OSError) -> bool:
        """Free some of what was reserved, if the disk is full and it was meant for this record; tell whether it was."""
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or (key.step and key.action != Action.ROLLBACK):
            return False
        room = next(iter(sorted((self._folder / key.run).glob(f"*{_ROOM}"))), None)
        if room is None:
            return False
        room.unlink(missing_ok=True)
        return True

    def records(self, run: str) -> Sequence[Record]:
        """Read all records of a run; what can be no run's id has none."""
        if len(run.encode(errors="surrogateescape")) > _LONGEST:
            return []
        keys: list[tuple[Key, Path]] = []
        for path in sorted((self._folder / run).glob("*.jsonl")):
            try:
                keys.append((Key.parse(run, path.stem), path))
            except ValueError:
                self._note(f"{path} is no record of a run: it is left out")
        found = of_one_run(self._read(key, path) for key, path in sorted(keys))
        note_damage(found, self._note)
        return [record for record in found if record.entries or record.damage]

    def heads(self, target: str | None = None, *, locked: bool = False) -> Sequence[Record]:
        """Read the runs' own records."""
        runs = sorted(path.parent.name for path in self._folder.glob("*/run.jsonl"))
        read = (self._read(Key(run), self._folder / run / "run.jsonl") for run in runs)
        heads = whole(read, self._note, locked=locked)
        wanted = [head for head in heads if target in (None, (head.told or head.entries)[0].data.get("target"))]
        return sorted(wanted, key=started)

    def index(self, target: str | None = None) -> Sequence[RunInfo]:
        """List the runs from their own records."""
        return [info_of(head) for head in self.heads(target, locked=True)]

    def target_of(self, run: str) -> str | None:
        """Read the target from the run's own record."""
        head = self._read(Key(run), self._folder / run / "run.jsonl")
        return info_of(head).target if head.entries or head.told else None

    def lock(self, target: str, wait: float = 0.0) -> Lock:
        """Return the lock that is a file beside the runs."""
        return FileLock(self._folder / f"{target}.lock", wait=wait, doing=partial(doing, self.records))

    def remove(self, run: str) -> None:
        """Remove a run's folder, its own record last."""
        folder = self._folder / run
        for path in sorted(folder.glob("*.jsonl"), key=lambda path: path.name == "run.jsonl"):
            path.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def _read(self, key: Key, path: Path) -> Record:
        return checked(key, str(self._folder), lambda: _readable_lines(path), keys=self.keys)


def _readable_lines(path: Path) -> list[str]:
    try:
        return _whole_lines(path)
    except OSError as error:  # a folder, a link to itself, somebody else's
        raise ValueError(f"{path} can't be read: {error.strerror}") from error


def _whole_lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            # What follows the last line end was cut off by a crash in mid-write, and never counted.
            return [line[:-1] for line in file if line.endswith("\n")]
    except FileNotFoundError:
        return []


def _write(path: Path, line: str, *, size: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if size == 0 else 0)
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError as error:
        raise JournalConflict(f"{path.name} is being written by another process") from error
    with os.fdopen(descriptor, "wb") as file:
        file.truncate(size)
        file.seek(size)
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name of a new file is on disk only with its folder
    finally:
        os.close(folder)
