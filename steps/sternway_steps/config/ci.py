"""What the files for GitHub and GitLab are told of the place that is deployed to: the section `ci`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..yamltree import scalars as s
from ..yamltree.reader import Key, Section
from .step_pod import renamed

# What stands in a file of CI as it is: no sign of it begins an expression of GitHub or a variable of GitLab.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+=-]*")
_plain = s.matching(_PLAIN, "letters, digits and . _ : / @ + = -", 2048)
_url = s.matching(re.compile(r"https?://[^\s\"'<>{}$\\]+"), "an address such as https://shop.example", 2048)


_AUTHORITY = re.compile(r"LS0tLS1CRUdJ[A-Za-z0-9+/]+={0,2}")
"""PEM in base64: "-----BEGI" is how it begins."""
_authority = s.matching(_AUTHORITY, "PEM in base64, as in a kubeconfig", 32_768)
_server = s.matching(re.compile(r"https://[A-Za-z0-9._:/\[\]-]+"), "an address such as https://10.0.0.1:6443", 2048)
_agent = s.matching(
    re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*:[a-z0-9-]{1,63}"), "PROJECT/PATH:AGENT", 512
)


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """A cluster of a cloud, and what a job signs in as: to change, and, where another one is named, only to plan.

    `audience` is whom the job's token is addressed to; None for what the platform is used to.
    """

    cluster: str
    identity: str
    plan_identity: str | None = None
    audience: str | None = None

    def signs_in_as(self, plans: bool) -> str:
        """Return the identity of a job that only plans, or of one that changes."""
        return (self.plan_identity if plans else None) or self.identity


@dataclass(frozen=True, kw_only=True)
class Eks(Cloud):
    """A cluster of AWS; the identity is an IAM role, held for `duration` seconds."""

    region: str
    duration: float | None = None


@dataclass(frozen=True, kw_only=True)
class Gke(Cloud):
    """A cluster of Google Cloud; the identity is a service account."""

    location: str
    project: str
    provider: str


@dataclass(frozen=True, kw_only=True)
class Aks(Cloud):
    """A cluster of Azure; the identity is an application."""

    group: str
    subscription: str
    tenant: str


@dataclass(frozen=True)
class Oidc:
    """A cluster whose own API server takes the platform's tokens; `authority` is PEM in base64."""

    server: str
    audience: str
    authority: str | None = None


@dataclass(frozen=True)
class CiConfig:
    """Where CI deploys to. Without a cluster that is named, a job takes a kubeconfig that is stored at the platform."""

    url: str | None = None
    eks: Eks | None = None
    gke: Gke | None = None
    aks: Aks | None = None
    oidc: Oidc | None = None
    agent: str | None = None

    @property
    def clusters(self) -> dict[str, Cloud | Oidc | str]:
        """The clusters that are named, by their keys; more than one is a mistake."""
        named = {"eks": self.eks, "gke": self.gke, "aks": self.aks, "oidc": self.oidc, "agent": self.agent}
        return {key: value for key, value in named.items() if value is not None}

    @property
    def cloud(self) -> Eks | Gke | Aks | None:
        """The cluster of a cloud, if it is one."""
        return self.eks or self.gke or self.aks

    @property
    def tokens(self) -> bool:
        """Whether a job signs in with a token of its own."""
        return self.cloud is not None or self.oidc is not None


_AUDIENCE = Key(
    _plain,
    "Whom the job's token is addressed to; by default, on GitHub what the cloud's action asks for, on GitLab "
    "GitLab's own address.",
    examples=("https://gitlab.example",),
)
_EKS = Section(
    {
        "cluster": Key(_plain, "The cluster's name."),
        "region": Key(_plain, "Its region.", examples=("eu-central-1",)),
        "role": Key(
            _plain,
            "The ARN of the role that a job takes on; it trusts the platform's tokens of this repository.",
            examples=("arn:aws:iam::123456789012:role/deploy-shop",),
        ),
        "planRole": Key(_plain, "A role that only reads, for the plan of a pull request; by default `role`."),
        "audience": _AUDIENCE,
        "duration": Key(
            s.duration, "How long the role is held, at most as long as the role allows; by default AWS's 1 h."
        ),
    },
    renamed(Eks, {"role": "identity", "planRole": "plan_identity"}),
    required=("cluster", "region", "role"),
)
_GKE = Section(
    {
        "cluster": Key(_plain, "The cluster's name."),
        "location": Key(_plain, "Its region or zone.", examples=("europe-west3",)),
        "project": Key(_plain, "The project that it is in."),
        "provider": Key(
            _plain,
            "The workload identity provider, with its whole path.",
            examples=("projects/123456789012/locations/global/workloadIdentityPools/ci/providers/github",),
        ),
        "account": Key(
            _plain,
            "The service account that a job acts as.",
            examples=("deploy-shop@project-1.iam.gserviceaccount.com",),
        ),
        "planAccount": Key(_plain, "One that only reads, for the plan of a pull request; by default `account`."),
        "audience": _AUDIENCE,
    },
    renamed(Gke, {"account": "identity", "planAccount": "plan_identity"}),
    required=("cluster", "location", "project", "provider", "account"),
)
_AKS = Section(
    {
        "cluster": Key(_plain, "The cluster's name."),
        "group": Key(_plain, "Its resource group."),
        "subscription": Key(_plain, "The id of the subscription."),
        "tenant": Key(_plain, "The id of the tenant."),
        "client": Key(_plain, "The id of the application, whose federated credential names the environment."),
        "planClient": Key(_plain, "One that only reads, for the plan of a pull request; by default `client`."),
        "audience": _AUDIENCE,
    },
    renamed(Aks, {"client": "identity", "planClient": "plan_identity"}),
    required=("cluster", "group", "subscription", "tenant", "client"),
)
_OIDC = Section(
    {
        "server": Key(_server, "The API server's address.", examples=("https://10.0.0.1:6443",)),
        "audience": Key(
            _plain, "Whom the token is addressed to: one of the audiences (client ids) that the API server accepts."
        ),
        "certificateAuthorityData": Key(
            _authority, "Its certificate authority, as a kubeconfig has it; by default what the job's image trusts."
        ),
    },
    renamed(Oidc, {"certificateAuthorityData": "authority"}),
    required=("server", "audience"),
)
CI = Section(
    {
        "url": Key(_url, "Where people find what is deployed; GitHub and GitLab show it beside the environment."),
        "eks": Key(_EKS, "A cluster of AWS that a job signs in to with its own token (OIDC)."),
        "gke": Key(_GKE, "The same for a cluster of Google Cloud."),
        "aks": Key(_AKS, "The same for a cluster of Azure."),
        "oidc": Key(_OIDC, "A cluster whose own API server takes the tokens of GitLab's jobs, without a cloud."),
        "agent": Key(
            _agent,
            "GitLab's agent for Kubernetes: its context in the KUBECONFIG that GitLab gives to a job.",
            examples=("platform/agents:production",),
        ),
    },
    CiConfig,
)
"""The key `ci`."""
