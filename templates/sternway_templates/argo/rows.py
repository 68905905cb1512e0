"""The rows of the entry and of the exit handler, and the templates of the pods that they run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from hera.workflows import models as m
from sternway_steps.config import Config
from sternway_steps.config.each_step import each_step
from sternway_steps.saga.plan import Plan
from sternway_steps.step import Action

from ..kubernetes.pod import REPORT, TOLD
from .container import PERSISTENT, Parameters, container_of, report
from .container_set import back_set, forward_set
from .models import new
from .on_end import after_success
from .pods import Groups, OwnPod, Row, SharedPod, rows, unique

# Only this is known to a handler for sure (Argo, "Variables"); whether a step began is in the journal.
_UNDO = "{{workflow.status}} != Succeeded"
_OURS = (REPORT, f"again-{REPORT}", TOLD)
"""The rows that end a run; a step of such a name is in the row step-NAME."""


@dataclass
class RowsOfSteps:
    """Makes the two `steps` templates of a plan; `own` are the steps that have a pod of their own."""

    config: Config
    plan: Plan
    own: Collection[str]
    parameters: Parameters
    _pods: list[m.Template] = field(default_factory=list)

    def templates(self) -> list[m.Template]:
        """Return all templates: the entry and the handler first."""
        forward = rows(self.plan.groups, self.own)
        names: set[str] = set()
        entry = [
            [self._step(names, name, template, None) for name, template in self._row(row, Action.EXECUTE, names)]
            for row in forward
        ]
        handler = self._handler(self.plan.undo_groups([step.name for step in self.plan.steps]))
        return [_steps("execute", entry), _steps("undo", handler), *self._pods]

    def _handler(self, groups: Groups) -> list[list[m.WorkflowStep]]:
        """Return two rounds of rollbacks, each with the report at its end; the second if the first did not end the run.

        A pod is made anew by its retryStrategy, but not after a stop or the deadline. What kills one container of a
        shared pod ends it with all that waits there. So in the second round each rollback has a pod of its own, and
        keeps no other from beginning.
        """
        back = rows(groups, self.own)
        ends_together = bool(back) and len(back[-1]) == 1 and isinstance(back[-1][0], SharedPod)
        first = [self._row(row, Action.ROLLBACK, set(), end=ends_together and row is back[-1]) for row in back]
        apart = rows(groups, {step.name for group in groups for step in group})
        second = [self._row(row, Action.ROLLBACK, set()) for row in apart]
        self._pods.append(report(self.config, self.plan, self.parameters))
        end = [(REPORT, REPORT)]
        names: set[str] = set()
        told = [[self._step(names, *row)] for row in after_success(self.plan)]
        made = self._round(first if ends_together else [*first, end], names, _UNDO, another=True)
        when = f"{_UNDO} && {_open(str(made[-1][0].name))}"
        handler = [*told, *made, *self._round([*second, end], names, when, another=False)]
        for step in handler[-1]:
            step.continue_on = None
        return handler

    def _round(
        self, pods: Sequence[Sequence[tuple[str, str]]], names: set[str], when: str, *, another: bool
    ) -> list[list[m.WorkflowStep]]:
        """Return the rows of one round."""
        made = []
        for row in pods:
            steps = []
            for name, template in row:
                again = "" if another else "again-"
                step = self._step(names, f"{again}{name}", template, when)
                if row is pods[-1] and another:
                    step.arguments = new(m.Arguments, parameters=[new(m.Parameter, name=PERSISTENT, value="true")])
                steps.append(step)
            made.append(steps)
        return made

    def _row(self, row: Row, action: Action, names: Collection[str], *, end: bool = False) -> list[tuple[str, str]]:
        """Return the name of each of a row's pods with that of its template, which is added unless it is there."""
        config, plan, parameters, made = self.config, self.plan, self.parameters, list[tuple[str, str]]()
        own = {step.name: step.pod for step, _, _ in each_step(config.steps)}
        taken = [str(each.name) for each in self._pods]
        for pod in row:
            if isinstance(pod, OwnPod):
                template = container_of(config, pod.step, action, parameters, own[pod.step.name])
                name = pod.step.name if action is Action.EXECUTE else str(template.name)
                made.append((f"step-{name}" if name in _OURS else name, str(template.name)))
            else:
                word = "forward" if action is Action.EXECUTE else "back"
                name = unique(word, taken)
                if action is Action.EXECUTE:
                    template = forward_set(config, plan, name, pod, parameters)
                else:
                    template = back_set(config, plan, name, pod, parameters, end)
                made.append((unique(name, names), name))
            self._pods += [template] if template.name not in taken else []
        return made

    def _step(self, names: set[str], name: str, template: str, when: str | None) -> m.WorkflowStep:
        """Return a step under a name that is free; in the handler one that fails stops no other."""
        free = unique(name, names)
        names.add(free)
        goes_on = new(m.ContinueOn, failed=True, error=True) if when else None
        return new(m.WorkflowStep, name=free, template=template, when=when, continue_on=goes_on)


def _open(step: str) -> str:
    """Return the condition that a step's report did not end the run: it was not made, or left that to another round.

    Argo fills tags in twice, first without what the steps before left, where all that is optional is missing; the
    status is not optional, so it waits for the second time (seen at 4.1.2).
    """
    code = f"(steps['{step}'].outputs?.parameters?.code ?? 'none')"
    return f"{{{{=steps['{step}'].status == '' ? 'none' : {code}}}}} == none"


def _steps(name: str, made: Sequence[Sequence[m.WorkflowStep]]) -> m.Template:
    return new(m.Template, name=name, steps=[m.ParallelSteps(root=list(row)) for row in made])
