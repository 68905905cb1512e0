"""What the shells are offered: keys of --set, commands of the templates and their options, by each shell's protocol."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SHELLS = ["bash", "zsh", "fish"]


def offered(shell: str, *words: str) -> list[str]:
    """Give the names that a shell gets; the last word is that being typed."""
    environ = {**os.environ, "_STERNWAY_COMPLETE": f"{shell}_complete", "COMP_WORDS": " ".join(("sternway", *words))}
    environ["COMP_CWORD"] = words[-1] if shell == "fish" else str(len(words))
    if shell == "fish":
        environ["COMP_WORDS"] = " ".join(("sternway", *words[:-1]))
    code = "import sys; sys.argv[0] = 'sternway'; from sternway_steps.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    lines = done.stdout.split("\n")
    if shell == "zsh":
        return lines[1:-1:3]
    return [line.partition(",")[2].partition("\t")[0] for line in lines if line]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_keys_of_set(shell: str) -> None:
    assert offered(shell, "run", "--set", "image") == ["image=", "imagePullSecrets="]
    assert offered(shell, "run", "--set", "veri") == ["verify."]
    assert "verify.deadline=" in offered(shell, "plan", "-s", "verify.")
    assert offered(shell, "run", "--set", "image=we") == []
    assert offered(shell, "run", "--set", "no.such.") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_the_commands_of_the_templates_and_their_options(shell: str) -> None:
    assert offered(shell, "templ") == ["template"]
    assert offered(shell, "sub") == ["submit"]
    assert "cronjob" in offered(shell, "template", "--for", "")
    assert "--wait" in offered(shell, "submit", "--wa")


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_its_script(shell: str) -> None:
    environ = {**os.environ, "_STERNWAY_COMPLETE": f"{shell}_source"}
    code = "import sys; sys.argv[0] = 'sternway'; from sternway_steps.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert "_STERNWAY_COMPLETE" in done.stdout
    assert f"{shell}_complete" in done.stdout
