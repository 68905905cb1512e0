"""How a container behaves, by its image and variables, so that a pipeline can meet every fate without a cluster.

| image contains, or APP_MODE is | what happens |
| --- | --- |
| `nope`, `missing`, `notfound` | the registry does not know it |
| `private` | the registry wants a login |
| `refused` | the registry refuses the connection |
| `invalid image` grammar | InvalidImageName |
| `crash` | ends with exit code 1 after APP_AFTER, and again |
| `oom` | is killed for its memory |
| `unready` | runs, and its readiness probe never passes |
| `slow` | ready after APP_AFTER |
| `hang` | takes requests and never answers |
| `evicted` | as unready, and its pod is evicted after APP_AFTER |

A command `false`, `true` or `sh -c "… exit N"` ends with that code; `echo WORDS` in it is its log (in double quotes with
its variables), `sleep N` the seconds that it takes. All else runs well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

_EXIT = re.compile(r"exit (\d+)\s*$")
_ECHO = re.compile(r"echo ([^;&|]+)")
_SLEEP = re.compile(r"\bsleep ([\d.]+)")
_REFERENCE = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9._:/]*(@sha256:[0-9a-f]{64})?")
_MODES = ("crash", "oom", "unready", "slow", "hang", "evicted")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class Behaviour:
    """What a container does.

    `pull` is ok, missing, private, refused or invalid. `code` is the exit code of a container that ends.
    """

    image: str
    pull: str = "ok"
    mode: str = "ok"
    after: float = 0.0
    code: int | None = None
    version: str = "1"


def behaviour_of(container: Mapping[str, Any], *, ends: bool = False) -> Behaviour:
    """Return a container's behaviour; `ends`: it is expected to end (of a Job, or an init container)."""
    image = str(container.get("image", ""))
    env = {e["name"]: str(e.get("value", "")) for e in container.get("env") or []}
    name = image.lower()
    pull = "ok"
    if not _REFERENCE.fullmatch(image):
        pull = "invalid"
    elif any(word in name for word in ("nope", "missing", "notfound")):
        pull = "missing"
    elif "private" in name:
        pull = "private"
    elif "refused" in name:
        pull = "refused"
    mode = env.get("APP_MODE") or next((m for m in _MODES if m in name), "ok")
    code = _code(container)
    if code is None and ends:
        code = 1 if mode in ("crash", "oom") else 0
    tag = image.rpartition(":")[2] if ":" in image.rpartition("/")[2] else "latest"
    slept = _SLEEP.search(_last_word(container)) if ends else None
    after = float(slept[1]) if slept else _seconds(env.get("APP_AFTER", "0s"))
    return Behaviour(image, pull, mode, after, code, env.get("APP_VERSION") or tag)


def evicted_after(pod: Mapping[str, Any]) -> float | None:
    """Return the seconds after which the node evicts a pod; None when it does not."""
    found = [behaviour_of(container) for container in pod["spec"]["containers"]]
    return next((one.after for one in found if one.mode == "evicted"), None)


def logs(container: Mapping[str, Any]) -> list[str]:
    """Return the log lines of a container."""
    if echoed := _ECHO.findall(_last_word(container)):
        return [_expanded(words.strip(), container) for words in echoed]
    found = behaviour_of(container)
    lines = [f"app {found.version} starting, mode {found.mode}"]
    if found.mode == "crash" or found.code:
        lines += ["connecting to database db:5432", 'FATAL: password authentication failed for user "app"']
    return lines


def _expanded(words: str, container: Mapping[str, Any]) -> str:
    """Return words in double quotes as a shell writes them; others as they are."""
    if len(words) < 2 or {words[0], words[-1]} != {'"'}:
        return words
    env = {one["name"]: str(one.get("value", "")).replace("$$", "$") for one in container.get("env") or ()}
    return Template(words[1:-1]).safe_substitute(env)


def answer(pod: Mapping[str, Any], path: str) -> tuple[int, str] | None:
    """Return status and text of the pod's answer to an HTTP request; None when it never answers."""
    found = behaviour_of(pod["spec"]["containers"][0])
    if path.rstrip("/").endswith("/ready") or path == "/ready":
        return (503, "not ready\n") if found.mode == "unready" else (200, "ready\n")
    if found.mode == "hang":
        return None
    return 200, f"app {found.version} on {pod['metadata']['name']}\n"


def _words(container: Mapping[str, Any]) -> list[str]:
    words = [*(container.get("command") or []), *(container.get("args") or [])]
    return [str(word).replace("$$", "$") for word in words]  # as the kubelet reads them


def _last_word(container: Mapping[str, Any]) -> str:
    return next(reversed(_words(container)), "")


def _code(container: Mapping[str, Any]) -> int | None:
    words = _words(container)
    if words[:1] and words[0].rpartition("/")[2] in ("true", "false"):
        return int(words[0].endswith("false"))
    match = _EXIT.search(words[-1]) if words else None
    return int(match[1]) if match else None


def _seconds(text: str) -> float:
    match = re.fullmatch(r"([\d.]+)(ms|s|m)", text)
    return float(match[1]) * _UNITS[match[2]] if match else 0.0
