"""May the account that the pods of a pipeline run as do what a run and its undo take? It is another one than ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..argo.rules import ARGO_RULES
from ..argo.version import API
from ..config import Config
from ..config.argo import ArgoConfig
from ..errors import ClusterError
from ..kube.access_review import user_of
from ..kube.api_error import ApiError
from ..kube.client import Client
from ..kube.discovery import UnknownKind
from ..objects.ref import Ref
from ..release.missing_rights import deployed_kinds, missing_rights
from ..release.rights import Right, expand, rights_of
from ..release.targets import deployed_of, hooks_of, namespace_of
from ..saga.plan import make_plan
from ..session import Session
from .finding import Finding, good, warning, wrong


def runs_in_the_cluster(config: Config) -> bool:
    """Return whether a configuration says how it runs on Argo or in a CronJob."""
    return config.argo != ArgoConfig() or config.schedule is not None


def account(session: Session, config: Config) -> Iterator[Finding]:
    """Ask for all its rights; those that it was generated with are no proof that they are there."""
    if not runs_in_the_cluster(config):
        return
    client, argo = session.client, config.argo
    name = argo.service_account or f"sternway-{config.name}"
    ref = Ref("v1", "ServiceAccount", namespace_of(config, client), name)
    what, apply = f"serviceaccount/{name} in namespace {ref.namespace}", "apply all that `sternway template` writes"
    if client.get(ref) is None:
        yield warning("account", f"there is no {what}", "no pod of the pipeline starts without it", apply)
        return
    rights = _rights(session, config, ref)
    try:
        missing = missing_rights(client, rights, ref)
    except ApiError as error:
        if not error.forbidden:
            raise
        remedy = f"kubectl auth can-i --list -n {ref.namespace} --as {user_of(ref)}   (as an administrator, or doctor)"
        yield warning("account", f"we may not ask what {what} may do", "its own rights are what counts there", remedy)
        return
    why = "a run there is refused, or its undo fails"
    grant = "give it what `sternway template` writes for an account of its own" if argo.service_account else apply
    if len(missing) == len(rights) > 1:
        yield wrong("account", f"{what} has no right of all {len(rights)}, such as to {missing[0]}", why, grant)
        return
    for right in missing:
        yield wrong("account", f"{what} may not {right}", why, grant)
    if not missing:
        yield good("account", f"{what} has every right to deploy and undo")


def _rights(session: Session, config: Config, account: Ref) -> list[Right]:
    client = session.client
    plan = make_plan(config.steps, session.specs(config), config.on_end)
    kinds = deployed_kinds(client, (*deployed_of(config, client), *hooks_of(config, client)))
    found = rights_of(config, (step.spec for step in plan.all_steps), kinds, account.namespace)
    return list(dict.fromkeys([*found, *_of_argo(client, config, account)]))


def _of_argo(client: Client, config: Config, account: Ref) -> Iterable[Right]:
    """Return what Argo takes beside, where the pipeline is one of Argo's."""
    try:
        if client.get(Ref(API, "WorkflowTemplate", account.namespace, config.name)) is None:
            return ()
    except (ClusterError, UnknownKind):
        return ()
    return expand(ARGO_RULES, (), account.namespace)
