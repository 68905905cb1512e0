"""Signs a job of GitHub in to a cluster: with the job's own token (OIDC), or by a kubeconfig in a secret."""

from __future__ import annotations

from typing import Any

from sternway_steps.config.ci import Aks, CiConfig, Cloud, Eks, Gke
from sternway_steps.yamltree.errors import ConfigError, ConfigErrors

from .actions import pinned
from .get_kubeconfig import get_kubeconfig, write_kubeconfig
from .parameters import PipelineInputs

KUBECONFIG = "${{ runner.temp }}/kubeconfig"
Step = dict[str, Any]


def refuse_agents(request: PipelineInputs) -> None:
    """Raise ConfigErrors for environments that only a job of GitLab gets to."""
    message, hint = (
        "a job of GitHub has no agent of GitLab's",
        "eks, gke, aks or oidc; or none, and a secret KUBECONFIG",
    )
    found = [each for each in request.environments if each.config.ci.agent is not None]
    if found:
        places = [each.document.value["ci"].node.value["agent"].location for each in found]
        raise ConfigErrors([ConfigError(place, "ci.agent", message, hint) for place in places])


def uses_tokens(request: PipelineInputs) -> bool:
    """Return whether a job needs GitHub's token: an environment's cluster is one of a cloud."""
    return any(each.config.ci.tokens for each in request.environments)


def uses_secret(request: PipelineInputs) -> bool:
    """Return whether a job needs the secret KUBECONFIG: an environment names no cluster."""
    return not all(each.config.ci.tokens for each in request.environments)


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
    if ci.oidc is not None:
        return [_write(write_kubeconfig(ci.oidc, _PLUGIN.replace("AUDIENCE", ci.oidc.audience)))]
    if ci.cloud is not None:
        return [*_signed_in(ci.cloud, plans), _write(get_kubeconfig(ci.cloud))]
    return [_secret(plans)]


def _write(script: str) -> Step:
    return {"name": "Write the kubeconfig", "env": {"KUBECONFIG": KUBECONFIG}, "run": script}


def _signed_in(cloud: Eks | Gke | Aks, plans: bool) -> list[Step]:
    if isinstance(cloud, Eks):
        return _aws(cloud, plans)
    return _google(cloud, plans) if isinstance(cloud, Gke) else _azure(cloud, plans)


def _with(cloud: Cloud, **given: Any) -> dict[str, Any]:
    return {"with": {**given, **({"audience": cloud.audience} if cloud.audience else {})}}


def _aws(cloud: Eks, plans: bool) -> list[Step]:
    role: dict[str, Any] = {"role-to-assume": cloud.signs_in_as(plans)}
    if cloud.duration is not None and not plans:
        role["role-duration-seconds"] = int(cloud.duration)
    given = _with(cloud, **role, **{"aws-region": cloud.region})
    return [{"name": "Sign in to AWS", "uses": pinned("aws-actions/configure-aws-credentials"), **given}]


def _google(cloud: Gke, plans: bool) -> list[Step]:
    given = _with(cloud, workload_identity_provider=cloud.provider, service_account=cloud.signs_in_as(plans))
    return [
        {"name": "Sign in to Google Cloud", "uses": pinned("google-github-actions/auth"), **given},
        {
            # A token that is written into the kubeconfig ends after an hour; the plugin fetches new ones.
            "name": "Install gke-gcloud-auth-plugin",
            "uses": pinned("google-github-actions/setup-gcloud"),
            "with": {"install_components": "gke-gcloud-auth-plugin"},
        },
    ]


def _azure(cloud: Aks, plans: bool) -> list[Step]:
    names = {"client-id": cloud.signs_in_as(plans), "tenant-id": cloud.tenant, "subscription-id": cloud.subscription}
    return [
        {"name": "Sign in to Azure", "uses": pinned("azure/login"), **_with(cloud, **names)},
        {"name": "Install kubelogin", "uses": pinned("azure/use-kubelogin")},
    ]


def _secret(plans: bool) -> Step:
    return {
        "name": "Write the kubeconfig",
        "env": {"CONTENT": "${{ secrets.KUBECONFIG }}", "KUBECONFIG": KUBECONFIG},
        "run": (_NO_PLAN if plans else _MISSING) + _WRITE,
    }


_PLUGIN = """\
exec:
  apiVersion: client.authentication.k8s.io/v1
  interactiveMode: Never
  command: sh
  args:
  - -c
  - |
    answer=$(curl -sSf --retry 3 --get --data-urlencode audience=AUDIENCE \\
      -H "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\
      "$ACTIONS_ID_TOKEN_REQUEST_URL") || exit
    printf '%s' "$answer" | jq '{
      apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: {
        token: .value,
        expirationTimestamp: (.value | split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson
          | .exp | floor | todate)
      }
    }'
"""
"""A token of GitHub's ends after some minutes: it is asked for whenever one is needed.

Sources: GitHub's documentation, "OpenID Connect reference"; Kubernetes' documentation, "Client authentication (v1)".
"""
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
