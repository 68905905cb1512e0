"""Options that other tools have: answered with what it is here."""

from __future__ import annotations

_NAMESPACE = "the target's namespace stands in the configuration: --set namespace=NAME"
_DEADLINE = "--set deadline=30m is the longest for a whole run, --set verify.deadline=5m for its rollout"
_FILE = "--config FILE names the configuration, whose key `manifests` names files of objects"
_ALWAYS = "a run waits until all is ready, and undoes itself when that fails: no option is needed"
_ARGO = "Argo's controller is not in the sandbox: sternway run --sandbox tries the same steps in one process"
_ONLY = {("submit", "--sandbox"): _ARGO}
"""Options of ours that one command has not."""
_HERE = {
    "-l": "which objects a step takes stands in the configuration: steps: [{name: deploy, with: {selector: app=web}}]",
    "--selector": "steps: [{name: deploy, with: {selector: app=web}}] in the configuration says which objects",
    "--recursive": "a folder among `manifests` is read with all folders below it",
    "-R": "a folder among `manifests` is read with all folders below it",
    "--tag": "--set image=NAME:TAG",
    "--version": "the version is the image's tag, --set image=NAME:TAG, or the chart's, --set chart.version=VERSION",
    "--install": "a run creates what is not there: no option is needed",
    "--create-namespace": "put the Namespace among the manifests, or kubectl create namespace NAME",
    "--cleanup-on-fail": _ALWAYS,
    "--wait-for-jobs": _ALWAYS,
    "--auto-rollback": _ALWAYS,
    "--keep-history-limit": "history: 10 in the configuration says how many runs are kept",
    "--history-max": "history: 10 in the configuration says how many runs are kept",
    "--set-string": "--set KEY=VALUE; of a chart, --set chart.set.KEY=VALUE",
    "--set-json": "--set KEY=VALUE reads lists and mappings as YAML; of a chart, --set chart.set.KEY=VALUE",
    "--app": "the configuration's `name` is what runs are of",
    "-a": "the configuration's `name` is what runs are of",
    "--diff-changes": "`sternway plan` shows what a run would change",
    "--diff-run": "`sternway plan` shows what a run would change",
    "--no-prune": "nothing is removed without --prune or deploy: {prune: true}",
    "--global-timeout": _DEADLINE,
    "--wait-timeout": _DEADLINE,
    "--no-hooks": "hooks: ignore in the configuration leaves Helm's hooks out",
    "--skip-crds": "what a chart renders is deployed, its crds/ first; leave them out of the chart",
    "--bindings": "--set KEY=VALUE, or STERNWAY_KEY in the environment",
    "--revision": "sternway rollback --to RUN goes back to the state right after that run",
    "--follow": "sternway show RUN --watch follows a run; run --logs shows its pods' logs",
    "-n": _NAMESPACE,
    "--namespace": _NAMESPACE,
    "--dry-run": "`sternway plan` shows what a run would change, and changes nothing",
    "--timeout": _DEADLINE,
    "--deadline": _DEADLINE,
    "-f": _FILE,
    "--file": _FILE,
    "--filename": _FILE,
    "-k": _FILE,
    "--values": _FILE,
    "--image": "--set image=NAME:TAG",
    "--replicas": "--set replicas=NUMBER",
    "--wait": _ALWAYS,
    "--atomic": _ALWAYS,
    "--rollback-on-failure": _ALWAYS,
    "--force": "--force-conflicts takes over fields of others, --recreate makes anew what can't be changed",
    "--server-side": "objects are always applied by the server",
    "--debug": "--verbose shows every request",
    "--json": "--output json",
}
_THERE = {
    "--dry-run",
    "--timeout",
    "--debug",
    "--json",
    "--follow",
    "--revision",
    "--keep-history-limit",
    "--history-max",
}
"""Those whose answer is true of any command; the others speak of run and plan."""
_RUNS = {"run", "plan", "step", "report", "submit", "template"}


def answer(command: str, option: str) -> str:
    """Return what an option of other tools is here; "" for one that nobody has."""
    if (command, option) in _ONLY:
        return _ONLY[command, option]
    return _HERE.get(option, "") if command in _RUNS or option in _THERE else ""
