"""Signs a job of GitHub in to a cluster: with the job's own token (OIDC) at a cloud, or by a kubeconfig in a secret."""

from __future__ import annotations

from typing import Any

from sternway_steps.config.ci import Aks, CiConfig, Eks, Gke

from .actions import pinned
from .parameters import PipelineInputs

KUBECONFIG = "${{ runner.temp }}/kubeconfig"
Step = dict[str, Any]


def uses_tokens(request: PipelineInputs) -> bool:
    """Return whether a job needs GitHub's token: an environment's cluster is one of a cloud."""
    return any(each.config.ci.clouds for each in request.environments)


def uses_secret(request: PipelineInputs) -> bool:
    """Return whether a job needs the secret KUBECONFIG: an environment names no cluster of a cloud."""
    return not all(each.config.ci.clouds for each in request.environments)


def sign_in(request: PipelineInputs, environment: str, *, plans: bool = False) -> list[Step]:
    """Return the steps after which KUBECONFIG names a file that leads to the cluster.

    Args:
        request: the environments, which may be in different clusters.
        environment: where the job's environment is to be read, as GitHub's expression without braces.
        plans: the job only plans.

    """
    named = [(each.name, _steps(each.config.ci, plans)) for each in request.environments]
    if all(steps == named[0][1] for _, steps in named):
        return named[0][1]
    return [{**_named(step, name), "if": f"{environment} == '{name}'"} for name, steps in named for step in steps]


def _named(step: Step, environment: str) -> Step:
    return {**step, "name": f"{step['name']} ({environment})"}


def _steps(ci: CiConfig, plans: bool) -> list[Step]:
    """Return the steps of one environment."""
    for cloud in ci.clouds:
        if isinstance(cloud, Eks):
            return _eks(cloud, plans)
        return _gke(cloud, plans) if isinstance(cloud, Gke) else _aks(cloud, plans)
    return [_secret(plans)]


def _eks(cloud: Eks, plans: bool) -> list[Step]:
    role: dict[str, Any] = {"role-to-assume": (cloud.plan_role if plans else None) or cloud.role}
    if cloud.duration is not None and not plans:
        role["role-duration-seconds"] = int(cloud.duration)
    return [
        {
            "name": "Sign in to AWS",
            "uses": pinned("aws-actions/configure-aws-credentials"),
            "with": {**role, "aws-region": cloud.region},
        },
        {
            "name": "Write the kubeconfig",
            "env": {"KUBECONFIG": KUBECONFIG, "CLUSTER": cloud.cluster, "REGION": cloud.region},
            "run": 'aws eks update-kubeconfig --name "$CLUSTER" --region "$REGION"',
        },
    ]


def _gke(cloud: Gke, plans: bool) -> list[Step]:
    account = (cloud.plan_account if plans else None) or cloud.account
    return [
        {
            "name": "Sign in to Google Cloud",
            "uses": pinned("google-github-actions/auth"),
            "with": {"workload_identity_provider": cloud.provider, "service_account": account},
        },
        {
            # A token that is written into the kubeconfig ends after an hour; the plugin fetches new ones.
            "name": "Install gke-gcloud-auth-plugin",
            "uses": pinned("google-github-actions/setup-gcloud"),
            "with": {"install_components": "gke-gcloud-auth-plugin"},
        },
        {
            "name": "Write the kubeconfig",
            "env": {
                "KUBECONFIG": KUBECONFIG,
                "CLUSTER": cloud.cluster,
                "LOCATION": cloud.location,
                "PROJECT": cloud.project,
            },
            "run": 'gcloud container clusters get-credentials "$CLUSTER" --location "$LOCATION" --project "$PROJECT"',
        },
    ]


def _aks(cloud: Aks, plans: bool) -> list[Step]:
    client = (cloud.plan_client if plans else None) or cloud.client
    return [
        {
            "name": "Sign in to Azure",
            "uses": pinned("azure/login"),
            "with": {"client-id": client, "tenant-id": cloud.tenant, "subscription-id": cloud.subscription},
        },
        {"name": "Install kubelogin", "uses": pinned("azure/use-kubelogin")},
        {
            "name": "Write the kubeconfig",
            "env": {"KUBECONFIG": KUBECONFIG, "CLUSTER": cloud.cluster, "GROUP": cloud.group},
            "run": 'az aks get-credentials --resource-group "$GROUP" --name "$CLUSTER" --file "$KUBECONFIG"\n'
            'kubelogin convert-kubeconfig --login azurecli --kubeconfig "$KUBECONFIG"\n',
        },
    ]


def _secret(plans: bool) -> Step:
    return {
        "name": "Write the kubeconfig",
        "env": {"CONTENT": "${{ secrets.KUBECONFIG }}", "KUBECONFIG": KUBECONFIG},
        "run": (_NO_PLAN if plans else _MISSING) + _WRITE,
    }


_MISSING = """\
if [ -z "$CONTENT" ]; then
  missing="there is no secret KUBECONFIG here: add one to the repository or to the environment"
  echo "::error title=KUBECONFIG::$missing"
  echo "$missing" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  exit 2
fi
"""
_NO_PLAN = """\
[ -n "$CONTENT" ] || exit 0
"""
"""A pull request of a fork or of Dependabot gets no secrets; the step that plans says so."""
_WRITE = """\
umask 077
printf '%s' "$CONTENT" >"$KUBECONFIG"
"""
