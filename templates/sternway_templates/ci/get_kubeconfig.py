"""The commands that write the kubeconfig of a cluster, on any platform.

No value needs quotes: the configuration lets in none with a sign that a shell could take for its own.
"""

from __future__ import annotations

import textwrap

from sternway_steps.config.ci import Aks, Eks, Gke, Oidc


def get_kubeconfig(cloud: Eks | Gke | Aks) -> str:
    """Return the script that writes the file that KUBECONFIG names; who runs it has signed in before.

    What it writes asks the cloud's own program for a new token whenever one ends.
    """
    if isinstance(cloud, Eks):
        return f"aws eks update-kubeconfig --name {cloud.cluster} --region {cloud.region}\n"
    if isinstance(cloud, Gke):
        where = f"--location {cloud.location} --project {cloud.project}"
        return f"gcloud container clusters get-credentials {cloud.cluster} {where}\n"
    return f"""\
az aks get-credentials --subscription {cloud.subscription} \\
  --resource-group {cloud.group} --name {cloud.cluster} --file "$KUBECONFIG"
kubelogin convert-kubeconfig --login azurecli --kubeconfig "$KUBECONFIG"
"""


def write_kubeconfig(cluster: Oidc, user: str) -> str:
    """Return the script that writes the file that KUBECONFIG names, for its owner alone.

    `user` is how the one who signs in is known, as YAML.
    """
    trust = f"    certificate-authority-data:\n      {cluster.authority}\n" if cluster.authority else ""
    return f"""\
(umask 077; cat >"$KUBECONFIG") <<'KUBECONFIG'
apiVersion: v1
kind: Config
current-context: ci
contexts:
- name: ci
  context: {{cluster: ci, user: ci}}
clusters:
- name: ci
  cluster:
    server: {cluster.server}
{trust}users:
- name: ci
  user:
{textwrap.indent(user, "    ")}KUBECONFIG
"""
