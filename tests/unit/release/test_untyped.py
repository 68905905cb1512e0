"""What the server says of fields that are not of its schema is told in short."""

from __future__ import annotations

import pytest
from sternway_steps.kube.api_error import ApiError
from sternway_steps.release.untyped import remedy_of, untyped_fields

TYPED = "failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): "


@pytest.mark.parametrize(
    ("message", "fields", "remedy"),
    [
        (f"{TYPED}.spec.replicaz: field not declared in schema", "spec.replicaz: field not declared in schema", "name"),
        (
            f"{TYPED}errors:\n  .spec.replicas: expected numeric (int or float), got string\n"
            '  .spec.env[name="A"].value: expected string, got &value.valueUnstructured{Value:1}\n',
            'spec.replicas: expected numeric (int or float), got string; spec.env[name="A"].value: expected string, got 1',
            "quotes",
        ),
        ("etcdserver: request timed out", "", ""),
    ],
)  # fmt: skip
def test_each_field_is_named_with_what_is_wrong(message: str, fields: str, remedy: str) -> None:
    assert untyped_fields(ApiError("PATCH", "/apis", 500, "", message)) == fields
    assert remedy in remedy_of(fields)
