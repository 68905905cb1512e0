"""The source of an image: a folder, or a git repository at a revision."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from ...errors import Failed, Refused, SternwayError, Transient
from ...existing import is_dir
from ...plain_text import without_password
from ...process.run import Ran, run
from .keys import is_git

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_AWAY = ("Could not resolve host", "Connection refused", "Connection timed out", "timed out", "Connection reset",
         "early EOF", "The requested URL returned error: 5", "unable to access", "hung up")  # fmt: skip
_DENIED = ("Authentication failed", "could not read Username", "Permission denied", "returned error: 403")


_NOT_ALONE = ("does not support shallow", "Server does not allow request for unadvertised object", "not our ref")


@dataclass(frozen=True)
class Source:
    """A folder that is there while it is built; `revision` is the commit, when it came from git."""

    folder: Path
    revision: str | None = None


@dataclass(frozen=True)
class Git:
    """URL#REVISION:PATH. `url` has no password; `environ` gives it to git where no process list shows it."""

    url: str
    revision: str
    path: str
    environ: dict[str, str]
    hide: tuple[str, ...]

    @staticmethod
    def parse(context: str) -> Git:
        """Return the parts of a context."""
        full, _, rest = context.partition("#")
        revision, _, path = rest.partition(":")
        parts = urlsplit(full) if "://" in full else None
        if parts is None or "@" not in parts.netloc or parts.scheme == "ssh":
            return Git(full, revision or "HEAD", path, {**_QUIET}, ())
        user, _, host = parts.netloc.rpartition("@")
        url = urlunsplit((parts.scheme, host, parts.path, "", ""))
        secret = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{full}.insteadOf", "GIT_CONFIG_VALUE_0": url}
        words = tuple(w for w in (user, unquote(user), user.rpartition(":")[2], unquote(user.rpartition(":")[2])) if w)
        return Git(url, revision or "HEAD", path, {**_QUIET, **secret}, words)


@contextmanager
def opened(context: str, check: Callable[[], None], say: Callable[[str], None]) -> Iterator[Source]:
    """Provide the folder to build from; a repository is cloned into one that goes again.

    Raises: Refused when it is not there, Transient when git's server is not; what `check` raises.
    """
    if not is_git(context):
        yield Source(Path(context))
        return
    git = Git.parse(context)
    with tempfile.TemporaryDirectory(prefix="sternway-") as place:
        tree = Path(place) / "tree"
        tree.mkdir()
        say(f"cloning {git.url} at {git.revision}")
        base = ["git", f"--git-dir={place}/git", f"--work-tree={tree}"]

        def call(*words: str) -> Ran:
            return run([*base, *words], check, environ=git.environ, hide=git.hide)

        call("init", "-q")
        done, wanted = call("fetch", "-q", "--depth", "1", "--", git.url, git.revision), "FETCH_HEAD"
        if any(word in line for line in done.tail for word in _NOT_ALONE):
            # A server that gives no single commit: all branches and tags, and from them the one that is meant.
            every = ("HEAD", "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
            done = call("fetch", "-q", "--update-head-ok", "--", git.url, *every)
            wanted = "FETCH_HEAD" if git.revision == "HEAD" else git.revision
        done = done if done.code else call("checkout", "-q", "--detach", wanted)
        if done.code:
            raise _failure(git, done)
        commit = run([*base, "rev-parse", "HEAD"], check).tail[-1]
        folder = (tree / git.path).resolve()
        if not folder.is_relative_to(tree.resolve()) or not is_dir(folder):
            raise Refused(f"{git.url} has no folder {git.path!r} at {git.revision} ({commit[:12]})")
        yield Source(folder, commit)


def unreachable(context: str, check: Callable[[], None]) -> str:
    """Return why a repository or its revision is not there, "" when it is; a commit's hash can't be asked for alone.

    Raises: Transient when git's server does not answer.
    """
    git = Git.parse(context)
    names = [] if git.revision == "HEAD" or _HASH.fullmatch(git.revision) else [git.revision]
    done = run(["git", "ls-remote", "-q", "--", git.url, *names], check, environ=git.environ, hide=git.hide)
    if done.code:
        failure = _failure(git, done)
        if failure.transient:
            raise failure
        return str(failure)
    if names and not done.tail:
        return f"{git.url} has no branch and no tag {git.revision!r}"
    return ""


def _failure(git: Git, done: Ran) -> SternwayError:
    reason = next((line for line in done.tail if line.startswith(("fatal:", "error:"))), (done.tail or ("?",))[-1])
    text, shown = "\n".join(done.tail), without_password(git.url)
    if any(word in text for word in _DENIED):
        remedy = "give git credentials: a helper, ~/.netrc, or a token in the URL by STERNWAY_BUILD__CONTEXT"
        return Refused(f"{shown} does not let us in: {reason}", remedy=remedy)
    if any(word in text for word in _AWAY):
        return Transient(f"{shown} does not answer: {reason}")
    return Failed(f"{shown} at {git.revision}: {reason}")
