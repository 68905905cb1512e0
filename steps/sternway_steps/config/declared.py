"""The specs of steps from other packages: the section `declared`, which Sternway itself writes.

The image of one step contains no package of another one, but its pod has to know that one's effects and rights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..spec import Effects, Rule, StepSpec
from ..yamltree import scalars as s
from ..yamltree.reader import Key, Many, Section, Table

_RULE = {
    "apiGroup": "api_group",
    "resources": "resources",
    "verbs": "verbs",
    "onlyWith": "only_with",
    "withState": "with_state",
    "withHttp": "with_http",
    "inTarget": "in_target",
}
_SPEC = {
    "effects": "effects",
    "needsCluster": "needs_cluster",
    "executeRules": "execute_rules",
    "rollbackRules": "rollback_rules",
    "programs": "programs",
    "options": "options",
    "handsOn": "hands_on",
    "contract": "contract",
}


def rule_of(data: Mapping[str, Any]) -> Rule:
    """Return a rule from its fields as JSON data."""
    fields_ = {key: value for key, value in data.items() if key in Rule.__dataclass_fields__}
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in fields_.items()}
    return Rule(**fields)


def spec_of(data: Mapping[str, Any]) -> StepSpec:
    """Return a spec from its fields as JSON data; fields of a newer Sternway are ignored."""
    fields_ = {key: value for key, value in data.items() if key in StepSpec.__dataclass_fields__}
    for key in ("execute_rules", "rollback_rules"):
        rules = fields_.get(key, ())
        fields_[key] = tuple(rule if isinstance(rule, Rule) else rule_of(rule) for rule in rules)
    for key in ("programs", "options", "hands_on"):
        fields_[key] = tuple(fields_.get(key, ()))
    return StepSpec(**{**fields_, "effects": Effects(fields_.get("effects", Effects.NONE))})


def to_yaml_data(spec: StepSpec) -> dict[str, Any]:
    """Return the section's entry for a step: what differs from the defaults of a spec."""
    defaults = StepSpec(spec.name)
    found: dict[str, Any] = {"effects": spec.effects.value}
    for key, name in _SPEC.items():
        value = getattr(spec, name)
        if key == "effects" or value == getattr(defaults, name):
            continue
        if name.endswith("_rules"):
            found[key] = [_rule_data(rule) for rule in value]
        else:
            found[key] = list(value) if isinstance(value, tuple) else value
    return found


def _rule_data(rule: Rule) -> dict[str, Any]:
    data = {key: getattr(rule, name) for key, name in _RULE.items()}
    kept = {key: value for key, value in data.items() if value or key == "apiGroup"}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in kept.items()}


def _rule(**keys: Any) -> Rule:
    return rule_of({_RULE[key]: value for key, value in keys.items()})


def _spec(**keys: Any) -> StepSpec:
    return spec_of({"name": "", **{_SPEC[key]: value for key, value in keys.items()}})


_RULES = Many(
    Section(
        {
            "apiGroup": Key(s.string, "The API group; an empty text is the core group."),
            "resources": Key(Many(s.string), "The resources; `*` is every kind that the configuration deploys."),
            "verbs": Key(Many(s.string), "The verbs, such as get or patch."),
            "onlyWith": Key(Many(s.string), "Kinds for which alone the right is needed; without it, always."),
            "withState": Key(s.boolean, "Only for kinds whose objects come up, and can fail to.", Rule.with_state),
            "withHttp": Key(s.boolean, "Only for the HTTP checks of `verify.http`.", Rule.with_http),
            "inTarget": Key(s.boolean, "Only in the target's namespace, when it runs in a pod.", Rule.in_target),
        },
        _rule,
        required=("apiGroup", "resources", "verbs"),
    )
)
DECLARED = Table(
    s.dns_label,
    Section(
        {
            "effects": Key(
                s.one_of(*(effects.value for effects in Effects)), "Whether it changes anything that can be undone."
            ),
            "needsCluster": Key(s.boolean, "Whether it talks to Kubernetes.", StepSpec.needs_cluster),
            "executeRules": Key(_RULES, "The rights that it needs forward."),
            "rollbackRules": Key(_RULES, "The rights that its undo needs."),
            "programs": Key(Many(s.string), "Programs that must be on PATH."),
            "options": Key(Many(s.string), "The keys that its `with` may have."),
            "handsOn": Key(Many(s.string), "The names under which it hands values on to later steps."),
            "contract": Key(s.whole(1, 1000), "The contract that it was written for.", StepSpec.contract),
        },
        _spec,
        required=("effects",),
    ),
)
