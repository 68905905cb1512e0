"""A plan as the comment on a pull request: it folds, shows foreign text as text, and says what was cut."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sternway_steps.cli.markdown import MOST, MarkdownOutput
from sternway_steps.errors import Refused
from sternway_steps.objects.ref import Ref
from sternway_steps.release.preview import Field, Preview


def ref(name: str) -> Ref:
    return Ref("v1", "ConfigMap", "shop", name)


def change(name: str, *values: tuple[Any, Any]) -> Preview:
    fields = tuple(Field(f"data.{n}", old, new, had=True, has=True) for n, (old, new) in enumerate(values))
    return Preview(ref(name), "change", fields)


def comment(*previews: Preview, whole: bool = False) -> str:
    output = MarkdownOutput()
    output.plan(previews, whole=whole)
    return output.markdown()


def test_objects_fold_and_what_does_not_change_is_only_counted() -> None:
    text = comment(change("a", ("1", "2")), Preview(ref("b"), "unchanged"))
    assert text.startswith("### Plan: 1 to change, 1 unchanged\n\n<details><summary><b>change</b> configmap/a in shop<")
    assert '```diff\n- data.0: "1"\n+ data.0: "2"\n```\n\n</details>\n' in text
    assert "configmap/b" not in text


def test_lines_of_a_text_are_a_diff() -> None:
    lines = [f"line {n}" for n in range(60)]
    text = comment(change("a", ("\n".join(lines), "\n".join([*lines[:30], "- another", *lines[31:]]))))
    assert re.search(r"^-   line 30\n\+   - another$", text, re.MULTILINE), text
    assert "line 10" not in text


def test_what_no_undo_reverts_and_what_is_taken_over_stands_above_the_fields() -> None:
    found = Preview(ref("a"), "change", notes=("one-way: immutable: no",), takes_over=(("kubectl", ("data.a",)),))
    text = comment(Preview(**{**found.__dict__, "fields": (Field("data.a", 1, 2, had=True, has=True),)}))
    assert text.index("takes over data.a from kubectl") < text.index("one-way: immutable: no") < text.index("```diff")


@pytest.mark.parametrize("evil", ["</summary><img src=x>", "```\n# big", "@everyone [x](y)", "\x1b[2J|`a`"])
def test_foreign_text_is_text(evil: str) -> None:
    output = MarkdownOutput()
    output.plan([Preview(ref("a"), "rejected", why=evil, notes=(evil,)), change("b", ("a\n", f"a\n{evil}"))])
    output.stays([evil])
    output.note(evil)
    output.error(Refused(evil, remedy=evil))
    text = output.markdown()
    outside = re.sub(r"^(`{3,})diff\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "<img" not in outside
    assert not re.search(r"^#+ big|^```|@everyone", outside, re.MULTILINE), outside
    assert "\x1b" not in text


def test_a_fence_is_longer_than_any_within() -> None:
    assert "`````diff\n" in comment(change("b", ("a\n", "````\n")))


def test_what_is_too_long_for_github_is_cut_and_that_is_said() -> None:
    many = [change(f"m{n}", *[("old" * 30, "new" * 30)] * 15) for n in range(100)]
    text = comment(*many)
    assert len(text) <= MOST
    assert len(text) > MOST * 0.9
    [out, of] = map(int, re.findall(r"_Cut: (\d+) of (\d+) objects are not shown", text)[0])
    assert (of, out) == (100, 100 - text.count("<details>"))
    assert text.count("<details>") == text.count("</details>") == text.count("```diff")


def test_one_object_that_is_too_long_alone_is_cut_within_its_block() -> None:
    long = change("m", ("a\n", "\n".join(f"line {n} ä" for n in range(20_000))))
    text = comment(long, change("n", ("1", "2")), whole=True)
    assert len(text) <= MOST
    assert "```\n\n_Cut here; `sternway plan` shows all._\n\n</details>" in text
    assert "configmap/n" in text
