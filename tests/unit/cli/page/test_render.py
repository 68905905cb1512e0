"""The page shows foreign text as text, wherever it stands and whatever it is, and tells nothing that it must not."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from sternway_steps.cli.page.render import render
from sternway_steps.journal.replay import Attempt, Status, Story
from sternway_steps.objects.ref import Ref
from sternway_steps.release.shown_fields import Field
from sternway_steps.saga.recorded_changes import RecordedChange
from sternway_steps.spec import Action

VOID = {"meta", "link", "br", "path", "rect"}
ELEMENTS = {
    "html", "head", "meta", "title", "link", "style", "body", "a", "header", "footer", "nav", "main", "section", "article", "div",
    "span", "p", "h1", "h2", "h3", "ul", "ol", "li", "dl", "dt", "dd", "pre", "code", "strong", "details", "summary", "br",
    "svg", "path", "rect",
}  # fmt: skip
ATTACKS = [
    "<script>alert(1)</script>",
    "</style></title></pre><img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>",
    "' onmouseover='alert(1)' x='",
    "javascript:alert(1)",
    "<!--", "-->", "]]>", "<![CDATA[<b>",
    "{{ 7*7 }}{% raw %}",
    "&lt;script&gt;&#60;script&#62;",
    "<a href='//evil.example'>", "<base href=//evil.example>", "<link rel=stylesheet href=//evil.example>",
    "\x1b]8;;http://evil.example\x07link\x1b]8;;\x07\x1b[31m",
    "\u202egnp.exe\u2066", "\ud83d half", "\ufffe\uffff\x00\x0b", "a\u0301" * 300, "\U0001f6a2" * 50,
    "::error::seen\n::add-mask::x\n##[error]y",
    "x" * 5000,
]  # fmt: skip


class Read(HTMLParser):
    """Collects the elements, attributes and text of a page, and whether each element is closed where it has to be."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.comments: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def attacked(text: str) -> tuple[Story, list[RecordedChange]]:
    """Make a run in which a text stands wherever somebody else's can."""
    failure = {"object": text, "why": text, "pod": text, "container": text, "done": 0, "wanted": text, "events": [text], "log": [text]}  # fmt: skip
    details = {**failure, "failures": [failure, failure], "body": text, "status": text}
    item = {"what": text, "result": text, "why": text, "fields": [text]}
    data = {"summary": text, "error": text, "remedy": text, "details": details, "items": [item]}
    began, ended = "2026-11-24T10:15:00.000+00:00", "2026-11-24T10:15:02.000+00:00"
    attempts = (
        Attempt(text, Action.EXECUTE, 1, began, ended, "failed", data),
        Attempt(text, Action.ROLLBACK, 1, ended, text, text, data),
        Attempt("deploy", Action.EXECUTE, 1, text, text, "done", data),
    )
    obj = {"spec": {"template": {"spec": {"containers": [{"name": text, "image": text}]}}}}
    config: dict[str, Any] = {
        "steps": [{"name": text, "uses": text}, [{"name": "a", "uses": "b"}, {"name": text, "uses": "c"}]],
        "manifests": [{"obj": {"apiVersion": "apps/v1", "kind": "Deployment", **obj}}],
    }
    story = Story(
        run=text, target=text, started=began, ended=ended, status=Status.ROLLBACK_FAILED, config=config, error=text, stepwise=False,
        attempts=attempts, after=(Attempt(text, Action.EXECUTE, 1, began, ended, "failed", data, end="undone"),), stays=(text,),
        workflow=text, by={"user": text, "host": text, "version": text}, place=text, damaged={text: text}, rollback_errors=(text,),
    )  # fmt: skip
    fields = (
        Field(text, text, f"{text}\n{text}", had=True, has=True),
        Field(text, None, {text: [text]}, had=False, has=True),
    )
    return story, [RecordedChange(text, Ref(text, text, text, text), "changed", fields)]


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_foreign_text_is_text_wherever_it_stands(text: str) -> None:
    page = render(*attacked(text), note=text)
    page.encode("ascii")
    same_lines = re.sub("[^\\n\\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+", "harmless", text)
    read, harmless = Read(page), Read(render(*attacked(same_lines), note="harmless"))
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in harmless.elements], "it makes no element"
    assert {tag for tag, _ in read.elements} <= ELEMENTS
    assert [attributes for _, attributes in read.elements] == [attributes for _, attributes in harmless.elements]
    assert read.comments == []
    assert all(not attributes.get("href", "#").strip().lower().startswith(("javascript", "http", "//")) for _, attributes in read.elements)  # fmt: skip
    assert not any(
        name.startswith("on") or name in ("src", "style") for _, attributes in read.elements for name in attributes
    )
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", read.text), "it drives nothing"
    assert not re.search(r"^\s*::|##\[", page, re.M), "in a job's log no line of it is a command"
    if text.isascii() and text.isprintable():
        assert read.text.count(text) > 20, "and all of it can be read"


def test_a_browser_loads_nothing_and_takes_no_style_but_ours() -> None:
    page = render(*attacked("harmless"))
    read = Read(page)
    policy = next(a["content"] for tag, a in read.elements if a.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert [a["href"] for tag, a in read.elements if tag == "link"] == ["data:,"]


def test_it_can_be_walked_by_headings_landmarks_and_links() -> None:
    read = Read(render(*attacked("harmless")))
    tags = [tag for tag, _ in read.elements]
    assert (tags.count("h1"), tags.count("main"), tags.count("nav"), tags.count("header"), tags.count("footer")) == (
        1,
    ) * 5
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for tag, attributes in read.elements if tag == "a"]
    assert set(links) <= {f"#{name}" for name in ids}
    assert {attributes["aria-labelledby"] for _, attributes in read.elements if "aria-labelledby" in attributes} <= set(
        ids
    )
    html = next(attributes for tag, attributes in read.elements if tag == "html")
    assert html == {"lang": "en"}
    assert re.search(r"<title>rollback-failed: run harmless of harmless</title>", render(*attacked("harmless")))


def test_of_an_old_or_damaged_record_it_tells_what_there_is() -> None:
    story = Story("r", "ns.t", "", "", Status.INTERRUPTED, {}, "", stepwise=False, attempts=())
    assert "interrupted" in Read(render(story, ())).text
    odd = Attempt("deploy", Action.EXECUTE, 1, "", "", "", {"items": ["x", {"what": "y"}], "details": ["z"]})
    assert (
        "deploy"
        in Read(render(Story("r", "ns.t", "x", "y", Status.OPEN, {}, "e", stepwise=True, attempts=(odd,)), ())).text
    )
