"""May somebody else do something? Asked of the server, by whoever has the right to ask that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..objects.ref import Ref

if TYPE_CHECKING:
    from .client import Client
    from .discovery import Resource

_API = "authorization.k8s.io/v1"


def user_of(account: Ref) -> str:
    """Return what a ServiceAccount is called as a user."""
    return f"system:serviceaccount:{account.namespace}:{account.name}"


def may(
    client: Client, account: Ref, verb: str, resource: Resource, namespace: str | None, subresource: str = ""
) -> bool:
    """Return whether a ServiceAccount may do something.

    In a namespace it is a LocalSubjectAccessReview, which who administers that namespace may ask, too; of what is in
    none a SubjectAccessReview. Source: Kubernetes' documentation, "Checking API access", and its role `admin`.
    Raises: ApiError, with 403 for who may not ask.
    """
    attributes = {"verb": verb, "group": resource.group, "resource": resource.plural, "subresource": subresource}
    local = {"namespace": namespace} if namespace else {}
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{account.namespace}", "system:authenticated"]
    body: dict[str, Any] = {
        "apiVersion": _API,
        "kind": "LocalSubjectAccessReview" if local else "SubjectAccessReview",
        "metadata": local,
        "spec": {"user": user_of(account), "groups": groups, "resourceAttributes": {**attributes, **local}},
    }
    path = f"namespaces/{namespace}/localsubjectaccessreviews" if local else "subjectaccessreviews"
    answer = client.raw("POST", f"/apis/{_API}/{path}", body=body, safe=True)
    return bool(answer["status"]["allowed"])
