"""A stand-in for `kubectl kustomize DIR` and `kustomize build DIR`: resources, name prefixes, and literals of Secrets."""

from __future__ import annotations

import sys
from base64 import b64encode
from pathlib import Path
from typing import Any, NoReturn

import yaml

verb, where = sys.argv[1:]
_SAYS = {"kustomize": "error: {}", "build": "Error: {}"}


def fail(message: str) -> NoReturn:
    print(_SAYS[sys.argv[1]].format(message), file=sys.stderr)
    sys.exit(1)


def built(folder: Path) -> list[Any]:
    about = yaml.safe_load((folder / "kustomization.yaml").read_text())
    found: list[Any] = []
    for one in about.get("helmCharts", ()):
        given = "".join(f"{key}: {one[key]}\n" for key in sorted(one))
        fail(
            f"trouble configuring builtin HelmChartInflationGenerator with config: `\n{given}`: must specify --enable-helm"
        )
    for name in about.get("resources", ()):
        if name.startswith("http://"):
            why = f'Get "{name}": dial tcp 127.0.0.1:1: connect: connection refused'
            fail(f"accumulating resources: accumulation err='accumulating resources from '{name}': {why}'")
        path = folder / name
        if not path.exists():
            lacking = f"evalsymlink failure on '{path.resolve()}' : lstat {path.resolve()}: no such file or directory"
            fail(f"accumulating resources: accumulation err='accumulating resources from '{name}': {lacking}'")
        found += built(path) if path.is_dir() else [one for one in yaml.safe_load_all(path.read_text()) if one]
    for secret in about.get("secretGenerator", ()):
        for literal in secret["literals"]:
            if "=" not in literal:
                why = f"invalid literal source {literal}, expected key=value"
                fail(f"loading KV pairs: literal sources [{literal}]: {why}")
        pairs = (literal.partition("=") for literal in secret["literals"])
        data = {key: b64encode(value.encode()).decode() for key, _, value in pairs}
        metadata = {"name": f"{secret['name']}-h29k5m8t7g"}
        found.append({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data})
    for one in found:
        one["metadata"]["name"] = about.get("namePrefix", "") + one["metadata"]["name"]
    return found


verb, where = sys.argv[1:]
assert verb in _SAYS, verb
print("---\n".join(yaml.safe_dump(one) for one in built(Path(where))), end="")
