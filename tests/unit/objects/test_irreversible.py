"""What the server lets nobody take back, told from what is applied."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sternway_steps.objects.irreversible import quantity

QUANTITIES: list[tuple[Any, Decimal | None]] = [
    ("1", Decimal(1)), (5, Decimal(5)), ("100m", Decimal("0.1")), ("1k", Decimal(1000)), ("2G", Decimal(2 * 10**9)),
    ("1Ki", Decimal(1024)), ("1.5Gi", Decimal(3 * 2**29)), ("1e3", Decimal(1000)), ("x", None), ("1X", None), (None, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), QUANTITIES)
def test_quantities_are_read_as_kubernetes_reads_them(text: Any, wanted: Decimal | None) -> None:
    assert quantity(text) == wanted
