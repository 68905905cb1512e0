"""Where the keys to a journal come from; what is wrong with one is said with its place, and never with the key."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import pytest
from sternway_steps.errors import Refused
from sternway_steps.journal.key_source import VARIABLE, keys_in, keys_in_file, keys_in_secret, keys_of_environment
from sternway_steps.kube.client import Client

GOOD = base64.b64encode(bytes(range(32))).decode()
SHORT = base64.b64encode(b"sixteen bytes is").decode()
WRONG = {
    "empty": ("", "holds no key"),
    "blank": ("\n  \n# nothing\n", "holds no key"),
    "short": (SHORT, "line 1 is a key of 16 bytes, not 32"),
    "hexadecimal": ("ab" * 32, "line 1 is a key of 48 bytes, not 32"),
    "no base64": ("not-a-key!", "line 1 is no base64"),
    "the second": (f"{GOOD}\nnope$", "line 2 is no base64"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_key_is_named_by_its_place_and_never_shown(tmp_path: Path, wrong: str) -> None:
    text, said = WRONG[wrong]
    file = tmp_path / "key"
    file.write_text(text)
    file.chmod(0o600)
    for read in (lambda: keys_in_file(file), lambda: keys_of_environment({VARIABLE: text})):
        with pytest.raises(Refused, match=said) as refused:
            read()
        shown = f"{refused.value} {refused.value.remedy} {refused.value.__cause__!r}"
        assert all(len(line) < 5 or line not in shown for line in text.split("\n"))
        assert "openssl rand -base64 32" in str(refused.value.remedy)
    with pytest.raises(Refused, match=f"{file}"):
        keys_in_file(file)
    with pytest.raises(Refused, match=VARIABLE):
        keys_of_environment({VARIABLE: text})


def test_several_keys_stand_in_lines_also_as_a_url_may_hold_them() -> None:
    odd = base64.b64encode(b"\xfb\xff" * 16).decode()
    both = keys_in(f" {odd}\r\n# the old one\n\n{GOOD}", "a test")
    assert both.ids() == [
        *keys_in(odd.replace("+", "-").replace("/", "_"), "a test").ids(),
        *keys_in(GOOD, "a test").ids(),
    ]


def test_what_can_not_be_read_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"journal\.key\.file: .*none can't be read: No such file") as refused:
        keys_in_file(tmp_path / "none")
    assert refused.value.remedy is not None
    with pytest.raises(Refused, match="Is a directory"):
        keys_in_file(tmp_path)
    (tmp_path / "raw").write_bytes(bytes(range(128, 160)))
    with pytest.raises(Refused, match="no plain text") as raw:
        keys_in_file(tmp_path / "raw")
    assert "9e" not in str(raw.value)


def test_a_file_that_others_may_read_is_named(tmp_path: Path) -> None:
    noted: list[str] = []
    file = tmp_path / "key"
    file.write_text(GOOD)
    for mode, count in ((0o600, 0), (0o640, 1), (0o644, 2)):
        file.chmod(mode)
        keys_in_file(file, noted.append)
        assert len(noted) == count
    assert noted[-1] == f"journal.key.file: others may read {file}: chmod 600 {file}"
    (tmp_path / "..data").mkdir()  # as a kubelet mounts a Secret
    keys_in_file(file, noted.append)
    assert len(noted) == 2


def test_the_environment_names_keys_or_their_file_and_not_both(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(GOOD)
    file.chmod(0o600)
    assert keys_of_environment({}) is None
    by_file = keys_of_environment({f"{VARIABLE}_FILE": str(file)})
    by_text = keys_of_environment({VARIABLE: GOOD})
    assert by_file == by_text == keys_in(GOOD, "a test")
    with pytest.raises(Refused, match="both"):
        keys_of_environment({VARIABLE: GOOD, f"{VARIABLE}_FILE": str(file)})
    with pytest.raises(Refused, match="FILE is empty"):
        keys_of_environment({f"{VARIABLE}_FILE": ""})


def test_what_encrypts_is_an_extra_and_missed_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers", None)
    with pytest.raises(Refused, match=r"pip install 'sternway\[encryption\]'"):
        keys_in(GOOD, "a test")


def test_a_secret_holds_keys_in_a_field(client: Client) -> None:
    data = {"keys": base64.b64encode(f"{GOOD}\n".encode()).decode(), "raw": base64.b64encode(b"\xff\xfe").decode()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "k", "namespace": "default"}, "data": data}
    client.create(secret, manager="test")
    assert keys_in_secret(client, "default", "k", "keys") == keys_in(GOOD, "a test")
    for name, field, said in (
        ("none", "keys", "default/none does not exist"),
        ("k", "x", "has no field x"),
        ("k", "raw", "no plain text"),
    ):
        with pytest.raises(Refused, match=said):
            keys_in_secret(client, "default", name, field)
