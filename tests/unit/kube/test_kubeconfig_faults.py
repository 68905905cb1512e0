"""A kubeconfig that can't be read is told as what it is, whoever names it; what it holds is never told."""

from __future__ import annotations

import base64
import gzip
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.errors import Refused
from sternway_steps.kube.connect import load
from sternway_steps.kube.kubeconfig_faults import shown

KEY, TOKEN = "S3CR3Tkeydata" * 9, "eyJhbGciOiJSUzI1NiJ9.S3CR3Tclaims.S3CR3Tsignature"
DATA: dict[str, Any] = {
    "apiVersion": "v1", "kind": "Config", "current-context": "a",
    "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
    "clusters": [{"name": "a", "cluster": {"server": "http://localhost"}}],
    "users": [{"name": "a", "user": {"token": TOKEN, "client-key-data": KEY}}],
}  # fmt: skip
TEXT = yaml.safe_dump(DATA)
BASE64 = base64.b64encode(TEXT.encode()).decode()
WRAPPED = "\n".join(BASE64[n : n + 76] for n in range(0, len(BASE64), 76)) + "\n"

PATHS = {
    "content": (TEXT, "KUBECONFIG holds the content of a kubeconfig where its path belongs"),
    "content in CRLF": (TEXT.replace("\n", "\r\n"), "KUBECONFIG holds the content"),
    "content as JSON": (json.dumps(DATA), "KUBECONFIG holds the content"),
    "the key alone": (f"-----BEGIN RSA PRIVATE KEY-----\n{KEY}\n", "KUBECONFIG holds the content"),
    "base64": (BASE64, "KUBECONFIG holds a kubeconfig in base64 where its path belongs"),
    "wrapped base64": (WRAPPED, "KUBECONFIG holds a kubeconfig in base64"),
    "a token": (TOKEN, "kubeconfig (a name that is not shown) does not exist"),
    "a short token": ("glpat-S3CR3Ttoken123", "kubeconfig (a name that is not shown) does not exist"),
    "several lines": (f"{KEY}\n{KEY}", "KUBECONFIG is no path: 235 characters that are not shown"),
    "blanks": ("  \n", "KUBECONFIG is empty: blanks, and no path"),
    "a line end in CRLF": ("{file}\r\n", "KUBECONFIG has a carriage return (CRLF) around the path"),
    "a line end": ("{file}\n", "KUBECONFIG has blanks or a line end around the path"),
    "quotes": ('"{file}"', "KUBECONFIG has quotes around the path"),
    "a NUL": ("/a\0b", "KUBECONFIG is no path"),
    "no such user": ("~nobody-here/config", "kubeconfig ~nobody-here/config does not exist"),
    "no such file": ("/no/such/config", "kubeconfig /no/such/config does not exist"),
    "no such files": ("/no/such/config:/nor/this", "kubeconfig /no/such/config does not exist"),
    "a long name": ("n" * 300, "kubeconfig (a name that is not shown) "),
}
FILES = {
    "empty": (b"", " is empty"),
    "a line end": (b"\r\n", " is empty"),
    "base64": (BASE64.encode(), " is in base64"),
    "wrapped base64": (WRAPPED.replace("\n", "\r\n").encode(), " is in base64"),
    "a path": (b"/dev/null\n", " holds a path, and no kubeconfig"),
    "UTF-16": (TEXT.encode("utf-16"), " is in UTF-16"),
    "packed": (gzip.compress(TEXT.encode()), " is binary"),
    "a list": (f"[{KEY}]".encode(), " is no kubeconfig: a list,"),
    "a text": (KEY.encode(), " is no kubeconfig: a text,"),
    "a key": (f"-----BEGIN RSA PRIVATE KEY-----\n{KEY}\n-----END RSA PRIVATE KEY-----\n".encode(), " is no kubeconfig: a text,"),
    "other YAML": (yaml.safe_dump({"token": TOKEN}).encode(), " is no kubeconfig: it has no list clusters, users, contexts"),
    "broken": (TEXT.replace("kind: Config", f"kind: Config: {TOKEN}").encode(), " is no YAML (line "),
    "a tab": (TEXT.replace("  user:", f"\t{KEY}:").encode(), " is no YAML (line "),
    "broken in CRLF": (TEXT.replace("users:", f"users: [{KEY}").replace("\n", "\r\n").encode(), " is no YAML (line "),
    "an anchor": (f"users: *{KEY}\n".encode(), " is no YAML"),
    "no such context": (TEXT.replace("current-context: a", "current-context: b").encode(), " has no context 'b'"),
}  # fmt: skip


def said(monkeypatch: pytest.MonkeyPatch, path: str, *, flag: bool = False) -> str:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    if not flag and "\0" not in path:  # which no variable can hold
        monkeypatch.setenv("KUBECONFIG", path)
    with pytest.raises(Refused) as raised:
        load(path if flag or "\0" in path else None, None)
    chain, error = "", raised.value
    while error is not None:  # `--output github` tells the cause, too
        chain, error = f"{chain}{error}{getattr(error, 'remedy', '')}\n", error.__cause__  # type: ignore[assignment]
    assert "S3CR3T" not in chain, chain
    assert KEY[:20] not in chain
    assert raised.value.remedy
    return chain


@pytest.mark.parametrize("flag", [False, True], ids=["variable", "flag"])
@pytest.mark.parametrize("what", PATHS)
def test_what_is_no_path_is_told_as_what_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str, flag: bool) -> None:  # fmt: skip
    text, words = PATHS[what]
    file = tmp_path / "config"
    file.write_text(TEXT)
    expected = words.replace("KUBECONFIG", "--kubeconfig") if flag or "\0" in text else words
    assert expected in said(monkeypatch, text.replace("{file}", str(file)), flag=flag)


@pytest.mark.parametrize("what", FILES)
def test_what_is_no_kubeconfig_is_told_as_what_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str) -> None:  # fmt: skip
    data, words = FILES[what]
    file = tmp_path / "config"
    file.write_bytes(data)
    assert f"kubeconfig {file}{words}" in said(monkeypatch, str(file))


def test_a_folder_and_what_may_not_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert f"kubeconfig {tmp_path} is a folder" in said(monkeypatch, str(tmp_path))
    file = tmp_path / "config"
    file.write_text(TEXT)
    file.chmod(0)
    if os.geteuid():  # root reads it all the same
        assert "can't be read: Permission denied" in said(monkeypatch, str(file))


@pytest.mark.parametrize("form", ["CRLF", "a byte order mark", "JSON"])
def test_what_can_be_read_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str) -> None:
    made = {"CRLF": TEXT.replace("\n", "\r\n"), "a byte order mark": "\ufeff" + TEXT, "JSON": json.dumps(DATA)}[form]
    file = tmp_path / "config"
    file.write_bytes(made.encode())
    monkeypatch.setenv("KUBECONFIG", f"{file}:/not/there")
    access = load(None, None)
    assert (access.host, access.authorization()) == ("http://localhost", f"Bearer {TOKEN}")


def test_nothing_that_is_cut_or_mangled_is_ever_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A kubeconfig with a secret in each line: cut off, lines left out, letters changed; as a file and for a path."""
    chance, file = random.Random(29), tmp_path / "config"
    lines = [line + f" # S3CR3T{n}" for n, line in enumerate(TEXT.splitlines())]
    for _ in range(150):
        some = [line for line in lines if chance.random() < 0.8]
        text = chance.choice(("\n", "\r\n", " ")).join(some)[: chance.randrange(1, 900)]
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(("\t", "'", "}", "&", "%", ": ", "é")) + text[at:]
        text = base64.b64encode(text.encode()).decode() if chance.random() < 0.2 else text
        file.write_text(text)
        for path in (str(file), text):
            try:
                monkeypatch.setenv("KUBECONFIG", path)
                load(None, None)
            except Refused as error:
                told = f"{error}{error.remedy}{error.__cause__ or ''}"
                assert "S3CR3T" not in told, text
                assert not any(text[n : n + 24] in told for n in range(0, max(1, len(text) - 24))), text


def test_which_names_are_shown() -> None:
    for name in ("nix", "kubeconfig", "~/.kube/config", "/etc/k3s/k3s.yaml", "prod-cluster-eu-west.yaml", "a/b c.yaml"):
        assert shown(name) == name
    for name in (TOKEN, KEY, BASE64, "glpat-abcdefghijklmnop", f"/a/{KEY}"):
        assert shown(name) == "(a name that is not shown)"
