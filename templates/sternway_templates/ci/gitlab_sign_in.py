"""Leads a job of GitLab to its cluster: by its own token (OIDC), by GitLab's agent, or by a variable KUBECONFIG.

Sources: GitLab's documentation, "OpenID Connect (OIDC) authentication using ID tokens" (a token is valid as long as its
job may take, and every script of the job has it), "Connect to cloud services", "Using GitLab CI/CD with a Kubernetes
cluster" (an agent's context is to be chosen).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sternway_steps.config.ci import Aks, CiConfig, Eks, Gke

from .get_kubeconfig import get_kubeconfig, write_kubeconfig
from .parameters import PipelineInputs

TOKEN = "STERNWAY_TOKEN"  # noqa: S105  a variable's name
OURS = "$CI_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID"
"""A merge request's pipeline that is not a fork's own: the token of that names the fork, whom no cluster trusts."""
_GITLAB = "$CI_SERVER_URL"
"""Whom a token is addressed to, as GitLab's documentation has it for AWS, Google Cloud and Azure."""
_PLACE = '"${TMPDIR:-/tmp}/sternway-$CI_JOB_ID-"'


@dataclass(frozen=True)
class SignIn:
    """What leads a job to its cluster: the audience of its token, what precedes each of its scripts, and flags.

    The script sets KUBECONFIG; without one a variable of that name does.
    """

    audience: str | None = None
    script: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    def keys(self) -> dict[str, Any]:
        """Return the keys of the job."""
        return {"id_tokens": {TOKEN: {"aud": self.audience}}} if self.audience else {}

    @property
    def cleared(self) -> tuple[str, ...]:
        """What is called in the end: it removes what the scripts of this job have written."""
        return (f"rm -rf {_PLACE}*",) if self.script else ()


def sign_in(ci: CiConfig, *, plans: bool = False) -> SignIn:
    """Return what leads to one environment's cluster."""
    if ci.agent is not None:
        return SignIn(flags=("--context", ci.agent))
    if ci.oidc is not None:
        return SignIn(ci.oidc.audience, (_TOKEN + write_kubeconfig(ci.oidc, "tokenFile: token\n"),))
    if ci.cloud is not None:
        return SignIn(ci.cloud.audience or _GITLAB, (_TOKEN + _PROGRAMS + _signed_in(ci.cloud, plans),))
    return SignIn()


def shared(keys: Mapping[str, dict[str, Any]]) -> tuple[dict[str, Any], Mapping[str, dict[str, Any]]]:
    """Return what all jobs have in common, and what each has of its own: one of both is empty."""
    first = next(iter(keys.values()))
    if all(each == first for each in keys.values()):
        return first, {name: {} for name in keys}
    return {}, keys


def uses_variable(request: PipelineInputs) -> bool:
    """Return whether a job needs the variable KUBECONFIG: an environment names no cluster."""
    return not all(each.config.ci.clusters for each in request.environments)


_TOKEN = f"""\
if [ -z "${{{TOKEN}:-}}" ]; then
  echo "this job has no token of GitLab's: id_tokens needs GitLab 15.7 or later" >&2
  exit 2
fi
rm -rf {_PLACE}*
SIGN_IN=$(mktemp -d {_PLACE}XXXXXX)
export KUBECONFIG="$SIGN_IN/kubeconfig"
(umask 077; printf '%s' "${TOKEN}" >"$SIGN_IN/token")
"""
"""after_script is a shell of its own, so it signs in again; what the first one left goes before."""
_PROGRAMS = """\
needs() {
  command -v "$1" >/dev/null && return
  echo "there is no $1 in this job's image: add it, and name that image in argo.images.run" >&2
  exit 2
}
"""


def _signed_in(cloud: Eks | Gke | Aks, plans: bool) -> str:
    identity = cloud.signs_in_as(plans)
    if isinstance(cloud, Eks):
        script = f"""\
needs aws
unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
export AWS_WEB_IDENTITY_TOKEN_FILE="$SIGN_IN/token"
export AWS_ROLE_SESSION_NAME="gitlab-$CI_JOB_ID"
export AWS_ROLE_ARN={identity}
"""
    elif isinstance(cloud, Gke):
        script = f"""\
needs gcloud
needs gke-gcloud-auth-plugin
export CLOUDSDK_CONFIG="$SIGN_IN/gcloud"
gcloud iam workload-identity-pools create-cred-config \\
  {cloud.provider} \\
  --service-account={identity} \\
  --credential-source-file="$SIGN_IN/token" --output-file="$SIGN_IN/account"
gcloud auth login --quiet --cred-file="$SIGN_IN/account"
"""
    else:
        script = f"""\
needs az
needs kubelogin
export AZURE_CONFIG_DIR="$SIGN_IN/azure"
az login --output none --service-principal --username {identity} \\
  --tenant {cloud.tenant} --federated-token "${TOKEN}"
"""
    return script + get_kubeconfig(cloud)
