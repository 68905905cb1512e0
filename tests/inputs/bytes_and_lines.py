"""Breaks a text as editors, tools and transports do: bytes, lines, encodings, and YAML's own traps."""

from __future__ import annotations

import codecs
import random
from collections.abc import Callable

Breaking = Callable[[random.Random, bytes], bytes]

SIGNS = [
    "\0", "\t", "\r", "\x1b[31m", "\x7f", "\x85", "\xa0", "\u2028", "\u202e", "\ufeff", "\ufffe", "\U0001f680", "{{", "}}",
    "{{ .Values.x }}", "${HOME}", "$(id)", "`", "@", "%", "!!python/object/apply:os.system [id]", "!!binary x", "!x ", "&a ",
    "*a", "<<: *a", "? ", "- ", ": ", "|", ">", "'", '"', "#", "[", "]", "{", "}", ",", "---\n", "...\n", "--- x\n", "=", "~",
]  # fmt: skip
HUGE = ["9" * 30, "9" * 5000, "1e999", "-1e999", "0x" + "f" * 4000, "1" + "_0" * 3000, "0b1" * 9, ".nan", "-.inf", "1:" * 3000 + "1", "1e-400"]  # fmt: skip


def _cut(rng: random.Random, text: bytes) -> bytes:
    return text[: rng.randrange(len(text) + 1)]


def _flip(rng: random.Random, text: bytes) -> bytes:
    broken = bytearray(text)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if broken:
            broken[rng.randrange(len(broken))] = rng.randrange(256)
    return bytes(broken)


def _drop(rng: random.Random, text: bytes) -> bytes:
    at = rng.randrange(len(text) + 1)
    return text[:at] + text[at + rng.choice((1, 2, 5, 40)) :]


def _insert(rng: random.Random, text: bytes) -> bytes:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(SIGNS).encode("utf-8", "surrogatepass") + text[at:]


def _lines(rng: random.Random, text: bytes) -> bytes:
    lines = text.splitlines(keepends=True) or [b""]
    here, there = rng.randrange(len(lines)), rng.randrange(len(lines))
    how = rng.randrange(4)
    if how == 0:
        lines.insert(here + 1, lines[here])
    elif how == 1:
        lines[here], lines[there] = lines[there], lines[here]
    elif how == 2:
        del lines[here]
    else:
        lines[here] = rng.choice((b" ", b"   ", b"\t", b"  \t", b"- ", b"? ")) + lines[here].lstrip(
            rng.choice((b"", b" "))
        )
    return b"".join(lines)


def _encode(rng: random.Random, text: bytes) -> bytes:
    plain = text.decode("utf-8", "replace")
    return rng.choice((
        codecs.BOM_UTF8 + text, codecs.BOM_UTF8 * 2 + text, plain.encode("utf-16"), plain.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + plain.encode("utf-16-be"), codecs.BOM_UTF16_LE + text, plain.encode("utf-32"),
        text + "é".encode("latin-1"), text.replace(b"\n", b"\r\n"), text.replace(b"\n", b"\r"), text.replace(b"  ", b"\t"),
        text + b"\x1a", text + codecs.BOM_UTF8, b"\0" + text, text + b"\0" * 4096, b"", b"\n", b"# only a comment\n", b" \t ",
        text.replace(b"\n", "\u2028".encode()), b"\xff\xfe", b"\x80" * 100, b"\x1f\x8b\x08\0" + text,
    ))  # fmt: skip


def _value(rng: random.Random, text: bytes) -> bytes:
    """Put something else in the place of a value."""
    lines = text.split(b"\n")
    places = [number for number, line in enumerate(lines) if b":" in line]
    if not places:
        return text + b"x"
    at = rng.choice(places)
    deep = rng.choice((150, 199, 201, 1000, 20000))
    values = [
        *(number.encode() for number in HUGE), b"[" * deep + b"]" * deep, b"[" * deep, b'{"a":' * deep + b"1" + b"}" * deep,
        b"- " * deep + b"x", b"x" * 2**20, b'"\\ud800"', b'"\\0\\x01\\x1b"', b"2026-02-31", b"2026-02-28T25:61:61Z", b"12:30:45",
        b"!!int x", b"!!float ''", b"!!timestamp 99999-99-99", b"!!set {a, b}", b"!!omap [a: 1]", b"!!null x", b"!!bool maybe",
        b"!!python/name:os.system", b"!<tag:yaml.org,2002:str> [a]", b"&a [*a]", b"*nowhere", b"&a {b: *a}", b"0o17", b"017", b"yes",
        b"!!merge <<", b"=", b"<<", b"{? [a, b] : c}", b"{[a]: b}", b"{null: 1, ~: 2, true: 3}", b"{1: a, 1.0: b, '1': c}",
        b"{a: 1, a: 2}", b"|\n  a\n b", b">99\n x", b"|0\n x", b"'", b'"', b"[a, b", b"{a: b", b"a: b: c", b"%x", b"@x", b"`x`",
    ]  # fmt: skip
    lines[at] = lines[at].partition(b":")[0] + b": " + rng.choice(values)
    return b"\n".join(lines)


def _bomb(rng: random.Random, text: bytes) -> bytes:
    """Add anchors whose aliases unfold without end."""
    key = rng.choice((b"metadata", b"env", b"x", b"labels", b"steps", b"data", b"spec"))
    how = rng.randrange(4)
    if how == 0:
        layers = [b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        layers += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 10)]
        return text.rstrip() + b"\n" + b"\n".join(layers) + b"\n%s: *a9\n" % key
    if how == 1:
        layers = [b"m0: &m0 {a: b}"] + [
            b"m%d: &m%d {<<: [*m%d, *m%d], k%d: *m%d}" % (n, n, n - 1, n - 1, n, n - 1) for n in range(1, 40)
        ]
        return text.rstrip() + b"\n" + b"\n".join(layers) + b"\n%s: *m39\n" % key
    if how == 2:
        return text.rstrip() + b"\n%s: &self {a: {b: [*self]}}\n" % key
    return text.rstrip() + b"\nlong: &long " + b"y" * 100_000 + b"\n%s: [%s]\n" % (key, b", ".join([b"*long"] * 2000))


def _many(rng: random.Random, text: bytes) -> bytes:
    count = rng.choice((1000, 30_000, 150_000))
    return text.rstrip() + b"\n" + rng.choice((
        b"\n".join(b"k%d: %d" % (n, n) for n in range(count)), b"items:\n" + b"- x\n" * count, b"#" * count * 10, b"\n" * count,
        b"---\n" * (count // 10), b"env: {" + b", ".join(b"k%d: v" % n for n in range(count)) + b"}\n",
    ))  # fmt: skip


BREAKINGS: dict[str, tuple[Breaking, int]] = {
    "cut": (_cut, 4), "flip": (_flip, 8), "drop": (_drop, 8), "insert": (_insert, 12), "lines": (_lines, 12),
    "encode": (_encode, 6), "value": (_value, 14), "bomb": (_bomb, 2), "many": (_many, 1),
}  # fmt: skip


def broken(rng: random.Random, text: bytes) -> tuple[bytes, str]:
    """Break a text once or twice, and say how."""
    said = []
    for _ in range(rng.choice((1, 1, 2))):
        name = rng.choices(list(BREAKINGS), [weight for _, weight in BREAKINGS.values()])[0]
        text = BREAKINGS[name][0](rng, text)
        said.append(name)
    return text, " ".join(said)
