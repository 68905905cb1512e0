"""The pytest fixture `sternway_sandbox`: a fresh cluster for each test.

Pytest loads this wherever Sternway is installed, with or without the extra `sandbox`; so the sandbox itself is imported
by the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from . import Sandbox


@pytest.fixture
def sternway_sandbox() -> Iterator[Sandbox]:
    """Provide a running sandbox; `sternway_sandbox.kubeconfig` is a file that any Kubernetes client reads."""
    from . import Sandbox

    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sternway_kubeconfig(sternway_sandbox: Sandbox) -> str:
    """Provide the cluster that a StepContract works on: the sandbox, unless a fixture of yours gives another one."""
    return sternway_sandbox.kubeconfig
