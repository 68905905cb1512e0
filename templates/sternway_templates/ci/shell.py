"""The two commands of a job as shell; what people typed reaches them through variables, never as part of the script."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from sternway_steps.journal.key_source import VARIABLE

from .parameters import UNCHANGED, Changeable, PipelineInputs

KEY_IF_GIVEN = f'[ -n "${VARIABLE}" ] || unset {VARIABLE}\n'
"""What precedes a command where a journal has a key: a variable that is empty stands for none."""


def key_needed(request: PipelineInputs, place: str) -> str:
    """Say where the journal's key is to be put, such as into a secret; "" where no journal has one."""
    about = f"The journal has a key: put its text into a {place} {VARIABLE}, too, of each environment that names one."
    return about if request.encrypts else ""


def run(config: str, changeable: Sequence[Changeable], flags: str = "", *, replaces: bool = False) -> str:
    """Return the script that runs the saga.

    Args:
        config: the configuration's path, as shell.
        changeable: what may be changed; a variable that is empty changes nothing.
        flags: more flags, as shell.
        replaces: the shell becomes the run (exec), so that a signal to the one reaches the other.

    """
    lines = ["set --"] if changeable else []
    for each in changeable:
        lines.append(f'case "${each.variable}" in ""|{shlex.quote(UNCHANGED)}) ;;')
        lines.append(f'  *) set -- "$@" --set "{each.path}=${each.variable}" ;;')
        lines.append("esac")
    rest = ' "$@"' if changeable else ""
    lines.append(f"{'exec ' if replaces else ''}sternway run --config {config}{' ' if flags else ''}{flags}{rest}")
    return "\n".join(lines) + "\n"


def finish(run: str, config: str, flags: str = "", *, replaces: bool = False) -> str:
    """Return the command that finishes an undo that was cut off; it does nothing when there is none."""
    start = "exec " if replaces else ""
    return f"{start}sternway rollback {run} --unfinished --config {config}{' ' if flags else ''}{flags}"


def report_again(run: str, config: str, file: str, flags: str = "") -> str:
    """Return the command that writes a run's page anew, with what the undo did since; it changes no end of a job."""
    more = f" {flags}" if flags else ""
    shown = f'sternway show {run} --config {config}{more} --output html >"{file}.new" 2>/dev/null'
    return f'{shown} && mv "{file}.new" "{file}" || true'


def known(request: PipelineInputs) -> str:
    """Return the script that refuses an environment that there is none of: a caller may name anything."""
    names = [each.name for each in request.environments]
    return f"""\
case "$ENVIRONMENT" in
  {"|".join(names)}) ;;
  *) echo "::error title=environment::it is one of: {", ".join(names)}"; exit 2 ;;
esac
"""


def plan(config: str, flags: str = "", *, title: str, several: bool, page: str | None) -> str:
    """Return the script that writes the plan into a file of FOLDER and shows it; it ends as the plan ends.

    Args:
        config: the configuration's path, as shell.
        flags: more flags, as shell.
        title: what is deployed.
        several: there are several environments; the variable ENVIRONMENT has the name of one.
        page: the variable with the file that becomes the job's page; None for its log.

    """
    name, heading = ("$ENVIRONMENT", f"{title}: $ENVIRONMENT") if several else (title, title)
    place = "the environment $ENVIRONMENT-plan" if several else "the repository"
    return f"""\
mkdir -p "$FOLDER"
code=0
{{
  printf '## %s\\n\\n' "{heading}"
  if [ -s "$KUBECONFIG" ]; then
    sternway plan --config {config}{f" {flags}" if flags else ""} --output markdown || code=$?
  else
    echo "Nothing is planned: there is no KUBECONFIG here. Forks and bots get none; else add one to {place}."
  fi
}} >"$FOLDER/{name}.md"
cat "$FOLDER/{name}.md"{f' >>"${page}"' if page else ""}
exit "$code"
"""
