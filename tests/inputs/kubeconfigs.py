"""Kubeconfigs that are wrong; none may show what it holds."""

from __future__ import annotations

import base64
import random
from typing import Any

import yaml

from . import bytes_and_lines, trees
from .case import SECRET, Case, Command
from .readers import secretless

_CREDENTIAL = b'#!/bin/sh\necho \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}\'\n'
_PEM = base64.b64encode(f"-----BEGIN CERTIFICATE-----\n{SECRET}\n-----END CERTIFICATE-----\n".encode()).decode()


def make(rng: random.Random, url: str) -> Case:
    data = _right(rng, url)
    if rng.random() < 0.5:
        content, what = bytes_and_lines.broken(rng, yaml.safe_dump(data, sort_keys=False).encode())
    else:
        data, what = trees.broken(rng, data)
        content = trees.as_text(rng, data)
    words = rng.choice([["runs"], ["plan"], ["status", "default.web"], ["show", "r"]])
    files: dict[str, bytes | str] = {
        "sternway.yaml": b"name: web\nnamespace: default\nimage: x:1\n",
        "kube/config": content,
        "kube/plugin": _CREDENTIAL,
    }
    how = rng.randrange(8)
    if how == 0 and b"\0" not in content and len(content) < 50_000:
        environ, what = {"KUBECONFIG": content.decode(errors="replace")}, f"{what}; KUBECONFIG holds it"
    elif how == 1:
        files["kube/other"] = bytes_and_lines.broken(rng, yaml.safe_dump(_right(rng, url)).encode())[0]
        environ = {
            "KUBECONFIG": rng.choice(
                [
                    "kube/config:kube/other",
                    "kube/other:kube/config",
                    ":kube/config:",
                    "kube/none:kube/config",
                    "kube:kube/config",
                ]
            )
        }
    else:
        environ = {}
        words = [
            *words,
            "--kubeconfig",
            rng.choice(["kube/config"] * 9 + ["kube", "", "/dev/null", "kube/" + "x" * 300, "kube/config\n"]),
        ]
    if rng.random() < 0.1:
        words = [*words, "--context", rng.choice(["c", "nowhere", "", "é", "a" * 1000, "u"])]
    return Case(
        "kubeconfigs",
        what,
        files,
        [Command(words, environ=environ)],
        ("kubeconfig", "KUBECONFIG", "kube/"),
        secretless(SECRET),
    )


def _right(rng: random.Random, url: str) -> dict[str, Any]:
    users: list[dict[str, Any]] = [
        {"token": SECRET}, {"username": "u", "password": SECRET}, {"client-certificate-data": _PEM, "client-key-data": _PEM}, {"client-certificate": "c.pem", "client-key": "k.pem"},
        {"tokenFile": "t"}, {"token": SECRET, "as": "x", "as-groups": ["a"], "as-user-extra": {"k": ["v"]}},
        {"auth-provider": {"name": "oidc", "config": {"id-token": SECRET, "refresh-token": SECRET, "client-id": "x", "idp-issuer-url": "http://127.0.0.1:9/"}}},
        {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["kube/plugin"], "interactiveMode": "Never", "env": [{"name": "A", "value": SECRET}]}},
    ]  # fmt: skip
    clusters: list[dict[str, Any]] = [
        {"server": url}, {"server": url, "proxy-url": url}, {"server": url.replace("http", "https"), "certificate-authority-data": _PEM}, {"server": url, "tls-server-name": "x"},
        {"server": url, "insecure-skip-tls-verify": True}, {"server": url.replace("http", "https"), "certificate-authority": "none.pem"}, {"server": url, "disable-compression": True},
    ]  # fmt: skip
    return {
        "apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": "c", "clusters": [{"name": "k", "cluster": rng.choice(clusters)}],
        "users": [{"name": "u", "user": rng.choice(users)}], "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u", "namespace": "default"}}],
    }  # fmt: skip
