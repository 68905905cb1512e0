"""Take out of an image what no step can load: `trim.py`, run by the Python whose packages are to be trimmed.

Of the Kubernetes package a step needs what reads kubeconfigs, their plugins and identity providers, and opens a
connection: its `config` and the core of its `client`. The typed objects and the calls of each API group (as many
megabytes as all else) are loaded by name alone, and so is its asynchronous twin, with all that only that one needs.
Of rich it needs the live display, and not what colours code and renders Markdown.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from sysconfig import get_path

SITE = Path(get_path("purelib"))
UNUSED = {"aiohttp", "aiohttp-retry", "pygments", "markdown-it-py"}
"""Requirements of `kubernetes.aio` alone, and of rich's `syntax` and `markdown`; what only they need follows them."""
_LOADED = (
    "import sys; from kubernetes import config; from kubernetes.client import ApiClient, Configuration, rest;"
    "print(*(getattr(m, '__file__', None) or '' for m in list(sys.modules.values())), sep='\\n')"
)


def main() -> None:
    """Trim the Kubernetes package and all tests, then what nobody requires any more."""
    package = SITE / "kubernetes"
    asked = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)  # noqa: S603
    needed = set(asked.stdout.split())
    for generated in ("api", "apis", "models"):
        for file in (package / "client" / generated).glob("*.py"):
            if str(file) not in needed:
                file.unlink()
    folders = [package / "aio", *SITE.rglob("tests"), *SITE.rglob("__pycache__")]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    for file in package.rglob("*_test.py"):
        file.unlink()
    for name in orphans():
        remove(name)


def orphans() -> Iterator[str]:
    """Yield the distributions that nothing needs but what is never loaded."""
    needs = {normal(each.name): set(required(each)) for each in metadata.distributions()}
    wanted = {name for name in needs if not any(name in below for below in needs.values())}
    reached: set[str] = set()
    while wanted:
        reached |= wanted
        wanted = {below for name in wanted for below in needs.get(name, ())} - UNUSED - reached
    yield from sorted(set(needs) - reached)


def required(distribution: metadata.Distribution) -> Iterator[str]:
    """Yield what a distribution needs without any extra."""
    for line in distribution.requires or []:
        if "extra ==" not in line and (name := re.match(r"[\w.-]+", line)):
            yield normal(name[0])


def normal(name: str) -> str:
    """Return a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def remove(name: str) -> None:
    """Delete a distribution's files, and the folders that are empty then."""
    folders = set()
    for each in metadata.distribution(name).files or []:
        file = Path(str(each.locate()))
        if SITE in file.resolve().parents and file.is_file():
            file.unlink()
            folders.add(file.parent)
    for folder in sorted(folders, key=lambda each: -len(each.parts)):
        while folder != SITE and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent


if __name__ == "__main__":
    main()
