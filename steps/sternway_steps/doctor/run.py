"""Would a run of the configuration be refused? Its rights, its undo's, its objects, builders and registries."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..config import Config
from ..errors import ClusterError, SternwayError
from ..plural import count
from ..release.missing_rights import missing_rights
from ..release.rights import JOURNAL_RULES, expand
from ..saga.plan import make_plan
from ..session import Session
from ..spec import StepSpec
from .finding import Finding, good, wrong

_GRANT = "have it granted by the Role that `sternway template` writes, or let somebody run who may"


def needs_cluster(session: Session, config: Config) -> bool:
    """Return whether a run asks a cluster for anything; true where its steps are not known."""
    try:
        plan = make_plan(config.steps, session.specs(config), config.on_end)
    except SternwayError:
        return True
    specs = [step.spec for step in plan.all_steps]
    return config.journal.store == "cluster" or any(
        spec.needs_cluster and not _needs_it_in_a_pod(spec) for spec in specs
    )


def _needs_it_in_a_pod(spec: StepSpec) -> bool:
    """Return whether a step makes something in a cluster when it runs in one, and nothing here, as a command does."""
    rules = (*spec.execute_rules, *spec.rollback_rules)
    return "KUBERNETES_SERVICE_HOST" not in os.environ and bool(rules) and all(rule.in_target for rule in rules)


def run(session: Session, config: Config) -> Iterator[Finding]:
    """Ask all that a run asks before its first change."""
    why = "a run is refused before its first change"
    try:
        found = session.plan(config)
    except (SternwayError, ClusterError) as error:
        remedy = getattr(error, "remedy", None) or "see whether it answers; a run would end with 75 until then"
        yield wrong("run", str(error), "a run asks the same, and ends before its first change", remedy)
        return
    for bad in found.refusals:
        rights = bad.message.startswith("not allowed: ")
        remedy = bad.remedy or (_GRANT if rights else "mend what it names; `sternway plan` asks it again")
        for message in bad.message.splitlines():
            yield wrong("rights" if rights else "run", message, why, remedy)
    if not found.refusals:
        objects = f"{count(len(found.previews), 'object')} can be deployed, and every right is there to deploy and undo"
        yield good("run", objects if found.previews else "no step would be refused")


def journal_rights(session: Session) -> Iterator[Finding]:
    """Ask, where no configuration says more, whether a run could be recorded."""
    namespace = session.client.namespace
    missing = missing_rights(session.client, expand(JOURNAL_RULES, (), namespace))
    for right in missing:
        yield wrong("rights", f"not allowed: {right}", "no run can be recorded, so none can begin", _GRANT)
    if not missing:
        yield good("rights", f"runs can be recorded in namespace {namespace}; a configuration tells what else it takes")
