"""What people need who only roll back: Roles that they are bound to by whoever knows them."""

from __future__ import annotations

from typing import Any

from sternway_steps.config import Config
from sternway_steps.registry.steps import Specs, installed_steps
from sternway_steps.saga.plan import make_plan

from ..output import numbered
from .rbac import rollback_roles
from .served import NOT_ASKED, Served


def rollback_role(config: Config, served: Served = NOT_ASKED) -> dict[str, dict[str, Any]]:
    """Return the objects by file name; `served` is what a cluster told of kinds that are not Kubernetes' own.

    Raises: Refused for a step that there is not.
    """
    plan = make_plan(config.steps, Specs(installed_steps(), config.declared), config.on_end)
    account = config.argo.service_account or f"sternway-{config.name}"
    return numbered(rollback_roles(config, plan, config.namespace, account, served))
