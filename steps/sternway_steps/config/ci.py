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


@dataclass(frozen=True)
class Eks:
    """A cluster of AWS, and the IAM role that a job takes on; `duration` is in seconds."""

    cluster: str
    region: str
    role: str
    plan_role: str | None = None
    duration: float | None = None


@dataclass(frozen=True)
class Gke:
    """A cluster of Google Cloud, and the service account that a job acts as."""

    cluster: str
    location: str
    project: str
    provider: str
    account: str
    plan_account: str | None = None


@dataclass(frozen=True)
class Aks:
    """A cluster of Azure, and the application that a job signs in as."""

    cluster: str
    group: str
    subscription: str
    tenant: str
    client: str
    plan_client: str | None = None


@dataclass(frozen=True)
class CiConfig:
    """Where CI deploys to. Without a cluster of a cloud, a job takes a kubeconfig from a secret."""

    url: str | None = None
    eks: Eks | None = None
    gke: Gke | None = None
    aks: Aks | None = None

    @property
    def clouds(self) -> tuple[Eks | Gke | Aks, ...]:
        """The clusters that are named; more than one is a mistake."""
        return tuple(each for each in (self.eks, self.gke, self.aks) if each is not None)


_NAMES = {"planRole": "plan_role", "planAccount": "plan_account", "planClient": "plan_client"}
_EKS = Section(
    {
        "cluster": Key(_plain, "The cluster's name."),
        "region": Key(_plain, "Its region.", examples=("eu-central-1",)),
        "role": Key(
            _plain,
            "The ARN of the role that a job takes on; it trusts GitHub's tokens of the environment.",
            examples=("arn:aws:iam::123456789012:role/deploy-shop",),
        ),
        "planRole": Key(_plain, "A role that only reads, for the plan of a pull request; by default `role`."),
        "duration": Key(
            s.duration, "How long the role is held, at most as long as the role allows; by default AWS's 1 h."
        ),
    },
    renamed(Eks, _NAMES),
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
    },
    renamed(Gke, _NAMES),
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
    },
    renamed(Aks, _NAMES),
    required=("cluster", "group", "subscription", "tenant", "client"),
)
CI = Section(
    {
        "url": Key(_url, "Where people find what is deployed; GitHub and GitLab show it beside the environment."),
        "eks": Key(_EKS, "A cluster of AWS that a job of GitHub signs in to with its own token (OIDC)."),
        "gke": Key(_GKE, "The same for a cluster of Google Cloud."),
        "aks": Key(_AKS, "The same for a cluster of Azure."),
    },
    CiConfig,
)
"""The key `ci`."""
