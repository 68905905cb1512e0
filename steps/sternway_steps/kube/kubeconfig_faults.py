"""What is wrong with a kubeconfig that can't be read: told by its kind and its place, and never by what it holds."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import Refused

NO_CLUSTER = "set KUBECONFIG or --kubeconfig, or add --sandbox to try without a cluster"
_SHOWN = re.compile(
    r"[\w.@+ -]{1,16}|(?=.{1,250}$)[\w.~@+ -]{0,64}(/[\w.~@%+=, -]{0,64})+|[\w.@+-]{1,60}\.(ya?ml|json|conf(ig)?)"
)
"""A path that is shown though there is no such file: any other text may be a token, or else what a kubeconfig holds."""
_LONGEST_PATH = 4096
_CONTENT = re.compile(r"(^|[\s{,])[\"']?(apiVersion|clusters|contexts|users|current-context)[\"']?\s*:|-----BEGIN ")
_LIKE_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]+={0,2}\s*")
_AS_FILE = "write it into a file, and name that (on GitLab: a variable KUBECONFIG of type File)"


def fault(path: str, source: str) -> Refused | None:
    """Return what is wrong with a kubeconfig, or with its name; None when it is something else.

    Args:
        path: what stands for its path, or for several ones that os.pathsep joins.
        source: what said so: KUBECONFIG, --kubeconfig, or "" for the default file.

    """
    if wrong := _no_path(path, source):
        return wrong
    files = [os.path.expanduser(name) for name in path.split(os.pathsep) if name]  # noqa: PTH111  it never raises
    # One of several may be missing.
    there = [name for name in files if _exists(name)] or files[:1]
    return next((wrong for name in there for wrong in _of_file(Path(name))), None)


def shown(path: str) -> str:
    """Return a path as it may be told: a text that stands for one may be a secret."""
    return path if _exists(path) or (_SHOWN.fullmatch(path) and not _decoded(path)) else "(a name that is not shown)"


def _no_path(text: str, source: str) -> Refused | None:
    name = source or "the path of the kubeconfig"
    if not text.strip():
        return Refused(f"{name} is empty: blanks, and no path", remedy=NO_CLUSTER)
    if _is_content(text):
        return Refused(f"{name} holds the content of a kubeconfig where its path belongs", remedy=_AS_FILE)
    if (decoded := _decoded(text)) and _is_content(decoded):
        return Refused(
            f"{name} holds a kubeconfig in base64 where its path belongs", remedy=f"decode it, and {_AS_FILE}"
        )
    if text != text.strip() and not _exists(text):
        what = "a carriage return (CRLF)" if text.rstrip("\n ").endswith("\r") else "blanks or a line end"
        return Refused(f"{name} has {what} around the path", remedy="give the path alone")
    if text[:1] in "\"'" and text[-1:] == text[:1] and not _exists(text):
        return Refused(f"{name} has quotes around the path", remedy="give the path without them")
    if len(text) > _LONGEST_PATH or "\n" in text or "\0" in text:
        return Refused(f"{name} is no path: {len(text)} characters that are not shown", remedy=_AS_FILE)
    return None


def _of_file(file: Path) -> Iterator[Refused]:
    name = f"kubeconfig {shown(str(file))}"
    try:
        if not file.exists():
            yield Refused(f"{name} does not exist", remedy=NO_CLUSTER)
            return
        data = file.read_bytes()
    except IsADirectoryError:
        yield Refused(f"{name} is a folder", remedy="name the file in it")
        return
    except (OSError, ValueError) as error:
        yield Refused(f"{name} can't be read: {getattr(error, 'strerror', None) or 'no path'}", remedy=NO_CLUSTER)
        return
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield Refused(f"{name} is in UTF-16, as PowerShell writes files", remedy="write it in UTF-8")
        return
    try:
        yield from _of_text(data.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        yield Refused(f"{name} is binary: bytes that are no UTF-8", remedy="name a kubeconfig, which is YAML")


def _of_text(text: str, name: str) -> Iterator[Refused]:
    if not text.strip():
        yield Refused(
            f"{name} is empty", remedy="a secret or a variable that it was made from has no value here, perhaps"
        )
    elif (decoded := _decoded(text)) and _is_content(decoded):
        yield Refused(f"{name} is in base64", remedy="decode it first: base64 -d")
    elif "\n" not in text.strip() and _exists(text.strip()):
        yield Refused(f"{name} holds a path, and no kubeconfig", remedy="the content belongs there, or name that file")
    else:
        yield from _of_yaml(text, name)


def _of_yaml(text: str, name: str) -> Iterator[Refused]:
    import yaml

    lines = "its lines end with CRLF, which may be why" if "\r\n" in text else "name a kubeconfig"
    try:
        data: Any = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  it is a safe one
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        yield Refused(f"{name} is no YAML{place}", remedy=lines)
        return
    except Exception:  # noqa: BLE001  of a number or a date that is none, the loader raises anything
        yield Refused(f"{name} is no YAML", remedy=lines)
        return
    if not isinstance(data, dict):
        kind = "a list" if isinstance(data, list) else "a text" if isinstance(data, str) else "a single value"
        yield Refused(
            f"{name} is no kubeconfig: {kind}, and no mapping with clusters, users and contexts", remedy=lines
        )
        return
    missing = [key for key in ("clusters", "users", "contexts") if not isinstance(data.get(key), list)]
    if missing:
        yield Refused(f"{name} is no kubeconfig: it has no list {', '.join(missing)}", remedy=NO_CLUSTER)


def _is_content(text: str) -> bool:
    return bool(_CONTENT.search(text))


def _decoded(text: str) -> str:
    """Return what a text is in base64, "" when it is none."""
    if len(text) < len("apiVersion: v1") or not _LIKE_BASE64.fullmatch(text):
        return ""
    packed = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False
