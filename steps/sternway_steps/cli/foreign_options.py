"""Options that other tools have: answered with what it is here."""

from __future__ import annotations

_NAMESPACE = "the target's namespace stands in the configuration: --set namespace=NAME"
_DEADLINE = "--set deadline=30m is the longest for a whole run, --set verify.deadline=5m for its rollout"
_FILE = "--config FILE names the configuration, whose key `manifests` names files of objects"
_ALWAYS = "a run waits until all is ready, and undoes itself when that fails: no option is needed"
_HERE = {
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
_THERE = {"--dry-run", "--timeout", "--debug", "--json"}
"""Those whose answer is true of any command; the others speak of run and plan."""
_RUNS = {"run", "plan", "step", "report", "submit", "template"}


def answer(command: str, option: str) -> str:
    """Return what an option of other tools is here; "" for one that nobody has."""
    return _HERE.get(option, "") if command in _RUNS or option in _THERE else ""
