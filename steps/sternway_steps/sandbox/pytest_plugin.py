"""The fixture `sternway_sandbox`: a fresh cluster for each test. Loaded by pytest wherever Sternway is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from . import Sandbox


@pytest.fixture
def sternway_sandbox() -> Iterator[Sandbox]:
    """Give a running sandbox; `sternway_sandbox.kubeconfig` is a file that any Kubernetes client reads."""
    from .server import Sandbox

    with Sandbox() as sandbox:
        yield sandbox
