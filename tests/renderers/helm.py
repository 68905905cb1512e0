"""A stand-in for `helm template`: charts whose templates are simple enough, and errors in the words of Helm 4.2."""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import yaml

_CALL = re.compile(r"{{ *(.*?) *}}")


def main() -> None:
    options = _options()
    chart = _found(options)
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    for one in about.get("dependencies", ()):
        if not (chart / "charts" / one["name"]).exists():
            fail(
                "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' "
                f"to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: {one['name']}"
            )
    values: dict[str, Any] = yaml.safe_load((chart / "values.yaml").read_text())
    for file in options.values:
        values = _over(values, _read(file))
    _check(chart, about["name"], values)
    known = {
        ".Release.Name": options.release, ".Release.Namespace": options.namespace, ".Values": values,
        ".Capabilities.KubeVersion.Version": options.kube_version, "versions": options.api_versions,
    }  # fmt: skip
    for path in sorted((chart / "crds").glob("*.yaml")) if options.include_crds else ():
        print(f"---\n# Source: {about['name']}/crds/{path.name}\n{path.read_text()}")
    rendered = [_rendered(path, about["name"], known) for path in sorted((chart / "templates").glob("*.yaml"))]
    print("".join(rendered))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["template"])
    parser.add_argument("release")
    parser.add_argument("chart")
    for one in ("--repo", "--version", "--namespace", "--kube-version"):
        parser.add_argument(one, default="")
    for one in ("--values", "--api-versions"):
        parser.add_argument(one, default=[], action="append")
    for one in ("--include-crds", "--plain-http"):
        parser.add_argument(one, action="store_true")
    return parser.parse_args()


def fail(message: str, *, rendering: bool = False) -> NoReturn:
    hint = "\nUse --debug flag to render out invalid YAML\n" if rendering else ""
    print(f"{hint}Error: {message}" if not rendering else f"Error: {message}\n{hint}", file=sys.stderr)
    sys.exit(1)


def _found(options: argparse.Namespace) -> Path:
    if Path(options.chart).exists():  # before it looks into any repository (Helm's LocateChart)
        return Path(options.chart)
    if options.repo:
        return _fetched(options.repo.rstrip("/"), options.chart, options.version)
    if options.chart.startswith("oci://"):
        return _pulled(options.chart.removeprefix("oci://"), options.version, options.plain_http)
    path = Path(options.chart)
    if not path.exists():
        fail(
            f'path "{options.chart}" not found' if options.chart.startswith(".") else f"repo {path.parts[0]} not found"
        )
    return path


def _fetched(repo: str, name: str, version: str) -> Path:
    try:
        with urlopen(f"{repo}/index.yaml") as answer:
            index = yaml.safe_load(answer.read())
    except URLError as error:
        why = f'Get "{repo}/index.yaml": {error.reason}'
        fail(f'looks like "{repo}" is not a valid chart repository or cannot be reached: {why}')
    (entry,) = [one for one in index["entries"].get(name, ()) if one["version"] == version] or [None]
    if entry is None:
        fail(f'chart "{name}" version "{version}" not found in {repo} repository')
    with urlopen(f"{repo}/{entry['urls'][0]}") as answer:
        return _unpacked(answer.read()) / name


def _pulled(where: str, version: str, plain: bool) -> Path:
    """Pull a chart as an OCI registry has it; where from is written to standard output, before the objects."""
    name, _, digest = where.partition("@")
    host, _, path = name.partition("/")
    tag = version.replace("+", "_")
    url = f"{'http' if plain else 'https'}://{host}/v2/{path}"
    asked = f"{url}/manifests/{digest or tag}"
    try:
        with urlopen(asked) as answer:
            manifest = answer.read()
    except HTTPError as error:
        said = (
            "basic credential not found" if error.code == 401 else f"response status code {error.code}: {error.reason}"
        )
        fail('failed to perform "FetchReference" on source: ' + (f"{name}:{tag}: not found" if error.code == 404 else f'GET "{asked}": {said}'))  # fmt: skip
    except URLError as error:
        no_tls = "WRONG_VERSION_NUMBER" in str(error.reason) or "record layer failure" in str(error.reason)
        why = "http: server gave HTTP response to HTTPS client" if no_tls else "dial tcp: connect: connection refused"
        fail(f'failed to perform "FetchReference" on source: Get "{asked}": {why}')
    print(f"Pulled: {name}{f'@{digest}' if digest else f':{tag}'}\nDigest: sha256:{sha256(manifest).hexdigest()}")
    if "_" in tag:
        print(
            f"{name}:{tag} contains an underscore.\n\nOCI artifact references (e.g. tags) do not support the plus sign (+)."
        )
    with urlopen(f"{url}/blobs/{json.loads(manifest)['layers'][0]['digest']}") as answer:
        return _unpacked(answer.read()) / path.rpartition("/")[2]


def _unpacked(content: bytes) -> Path:
    folder = tempfile.mkdtemp()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(folder, filter="data")
    return Path(folder)


def _read(file: str) -> dict[str, Any]:
    text = sys.stdin.read() if file == "-" else Path(file.strip('"')).read_text()
    found = yaml.safe_load(text)
    return found if isinstance(found, dict) else {}


def _over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _over(base[key], value) if isinstance(base.get(key), dict) and isinstance(value, dict) else value
        for key, value in top.items()
    }
    return {key: value for key, value in {**base, **both}.items() if value is not None}


def _check(chart: Path, name: str, values: dict[str, Any]) -> None:
    schema = chart / "values.schema.json"
    properties = json.loads(schema.read_text())["properties"] if schema.exists() else {}
    for key, rule in properties.items():
        if key in values and not re.search(rule["pattern"], values[key]):
            print(
                "Error: values don't meet the specifications of the schema(s) in the following chart(s):\n"
                f"{name}:\n- at '/{key}': '{values[key]}' does not match pattern '{rule['pattern']}'\n",
                file=sys.stderr,
            )
            sys.exit(1)


def _rendered(path: Path, chart: str, known: dict[str, Any]) -> str:
    where = f"{chart}/templates/{path.name}"
    text = _CALL.sub(lambda call: _value(call[1], where, known), path.read_text())
    try:
        list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        message = f"YAML parse error on {where}: error converting YAML to JSON: yaml: {error.args[2]}"
        fail(message, rendering=True)
    parts = [part.strip() for part in re.split(r"^---$", text, flags=re.MULTILINE)]
    return "".join(f"---\n# Source: {where}\n{part}\n" for part in parts if part)


def _value(call: str, where: str, known: dict[str, Any]) -> str:
    if has := re.fullmatch(r'\.Capabilities\.APIVersions\.Has "(.*)"', call):
        return str(has[1] in known["versions"]).lower()
    required = re.fullmatch(r'required "(.*?)" (\S+)(.*)', call)
    path = (required[2] if required else call).split()[0]
    value: Any = known.get(path)
    if path.startswith(".Values."):
        value = known[".Values"]
        for part in path.split(".")[2:]:
            value = value.get(part) if value is not None else None
    if required and value in (None, ""):
        fail(f"execution error at ({where}:1:1): {required[1]}", rendering=True)
    return json.dumps(str(value)) if call.endswith("| quote") else str("" if value is None else value)


main()
