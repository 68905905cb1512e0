"""What it means that the server did not take an object."""

from __future__ import annotations

from sternway_steps.errors import Failed, Transient
from sternway_steps.kube.api_error import ApiError
from sternway_steps.objects.ref import Ref
from sternway_steps.release.apply import rejected

REF = Ref("v1", "ConfigMap", "shop", "m")


def test_what_may_pass_is_tried_again_when_the_server_says() -> None:
    later = rejected(REF, ApiError("PATCH", "/m", 429, "TooManyRequests", "busy", retry_after=7))
    assert isinstance(later, Transient)
    assert later.retry_after == 7
    assert "configmap/m" in str(later)


def test_what_will_not_pass_has_failed_with_the_remedy_that_is_known() -> None:
    failed = rejected(REF, ApiError("PATCH", "/m", 422, "Invalid", "no"), "write it otherwise")
    assert isinstance(failed, Failed)
    assert failed.remedy == "write it otherwise"
