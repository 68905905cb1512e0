"""docker, buildctl and buildah on one's PATH, without what is behind them: they write down how they were called, make
an image of the context's bytes, push it over HTTP, and fail in the words of the real ones.

Run as a program by the name of the one it stands for; STANDIN names the folder for its notes.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

NOTES = Path(os.environ.get("STANDIN", "."))
VALUED = {
    "--iidfile", "--tag", "--file", "--target", "--build-arg", "--label", "--platform", "--cache-from", "--cache-to",
    "--secret", "--progress", "--authfile", "--digestfile", "--frontend", "--local", "--opt", "--import-cache",
    "--export-cache", "--output", "--metadata-file",
}  # fmt: skip

TOLD = {
    "docker": "Step {number}/{all} : {line}", "buildah": "STEP {number}/{all}: {line}",
    "buildctl": "#{number} [{number}/{all}] {line}\n#{number} DONE 0.0s\n",
}  # fmt: skip


def install(folder: Path, *names: str) -> None:
    """Put the programs into a folder."""
    folder.mkdir(exist_ok=True)
    for name in names:
        path = folder / name
        path.write_text(f"#!{sys.executable} -ES\n{Path(__file__).read_text()}")
        path.chmod(0o755)


def main(program: str, words: list[str]) -> int:
    with (NOTES / "calls").open("a") as notes:
        notes.write(json.dumps([program, *words]) + "\n")
    options, rest = parsed(words)
    if (NOTES / "daemon-away").exists() and rest[0] in ("version", "debug", "images"):
        dialed = 'error: failed to list workers: Unavailable: connection error: desc = "transport: Error while dialing: dial unix /x"'
        print(dialed if program == "buildctl" else "Cannot connect to the daemon. Is it running?", file=sys.stderr)
        return 1
    if rest[:2] == ["buildx", "version"]:
        return 0 if (NOTES / "buildx").exists() else 1
    if rest[0] == "build":
        return build(program, options, rest)
    if rest[0] == "tag":
        (NOTES / "tagged").write_text(rest[1])
    if rest[0] == "push":
        image = rest[-1].removeprefix("docker://")
        digest = push(image, (NOTES / "tagged").read_text() if program == "docker" else rest[1])
        if not digest:
            print("received unexpected HTTP status: 503 Service Unavailable", file=sys.stderr)
            return 1
        print(f"{image.rpartition(':')[2]}: digest: {digest} size: 1")
        for file in options.get("--digestfile", ()):
            Path(file).write_text(digest)
    return 0


def build(program: str, options: dict[str, list[str]], rest: list[str]) -> int:
    if program == "buildctl":
        places = dict(each.split("=", 1) for each in options["--local"])
        named = dict(each.split("=", 1) for each in options["--opt"])
        folder, file = Path(places["context"]), Path(places["dockerfile"]) / named["filename"]
    else:
        folder, file = Path(rest[-1]), Path(options["--file"][0])
    lines = file.read_text().splitlines()
    for secret in options.get("--secret", ()):
        source = dict(word.split("=", 1) for word in secret.split(","))
        value = os.environb[source["env"].encode()] if "env" in source else Path(source["src"]).read_bytes()
        told = [b"the secret is " + value + b"\n"] + [b"#8 0.2 " + line + b"\n" for line in value.splitlines()]
        for piece in told:
            sys.stdout.buffer.write(piece)
        sys.stdout.flush()
    for number, line in enumerate(lines, 1):
        print(TOLD[program].format(number=number, all=len(lines), line=line))
        if line.startswith("RUN sleep"):
            child = subprocess.Popen(["sleep", "600"])
            (NOTES / "child").write_text(str(child.pid))
            (NOTES / "asleep").touch()
            sys.stdout.flush()
            time.sleep(600)
        if line.startswith("COPY") and not (folder / line.split()[1]).exists():
            return failed(program, number, lines)
    content = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    labels = options.get("--label") or [each for each in options.get("--opt", ()) if each.startswith("label:")]
    config = {
        "content": hashlib.sha256(content).hexdigest(),
        "labels": labels,
        "args": [a if "=" in a else f"{a}={os.environ[a]}" for a in options.get("--build-arg", ())],
    }
    image = f"sha256:{hashlib.sha256(json.dumps(config).encode()).hexdigest()}"
    (NOTES / image).write_text(json.dumps(config))
    for out in options.get("--iidfile", ()):
        Path(out).write_text(image)
    if program == "buildctl":
        output = dict(word.split("=", 1) for word in options["--output"][0].split(","))
        digest = push(output["name"], image)
        if not digest:
            host, _, path = output["name"].partition("/")
            where = f"http://{host}/v2/{path}/manifests/sha256:0"
            print(
                f"error: failed to solve: failed to push {output['name']}: unexpected status from PUT request to {where}: 503 Service Unavailable"
            )
            return 1
        about = {"containerimage.config.digest": image, "containerimage.digest": digest, "image.name": output["name"]}
        Path(options["--metadata-file"][0]).write_text(json.dumps(about))
    return 0


def failed(program: str, number: int, lines: list[str]) -> int:
    line = lines[number - 1]
    what = line.split()[1]
    if program == "docker":
        print(
            f"COPY failed: file not found in build context or excluded by .dockerignore: stat {what}: file does not exist"
        )
    elif program == "buildah":
        print(
            f'Error: building at STEP "{line}": checking on sources: copier: stat: "/{what}": no such file or directory'
        )
    else:
        shown = [f"   {n} | {'>>>' if n == number else '   '} {one}" for n, one in enumerate([*lines, ""], 1)]
        print(f"------\n > [1/1] {line}:\n------\nDockerfile:{number}\n{20 * '-'}", *shown, 20 * "-", sep="\n")
        print(
            f'error: failed to solve: failed to compute cache key: failed to calculate checksum of ref v::9: "/{what}": not found'
        )
    return 1


def push(image: str, config: str) -> str:
    """Push an image, by its tag if it has one; gives its digest, "" when the registry would not."""
    content = (NOTES / config).read_bytes()
    host, _, rest = image.partition("/")
    name, _, tag = rest.partition(":")
    there = f"http://{host}/v2/{name}"
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [],
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": len(content)},
    }).encode()  # fmt: skip
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    try:
        with asked("POST", f"{there}/blobs/uploads/") as begun:
            to = begun.headers["Location"]
        to = to if "://" in to else f"http://{host}{to}"
        asked("PUT", f"{to}&digest={config}", content, {"Content-Type": "application/octet-stream"}).close()
        kind = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
        asked("PUT", f"{there}/manifests/{tag or digest}", manifest, kind).close()
    except urllib.error.URLError:
        return ""
    return digest


def asked(method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None):
    return urllib.request.urlopen(urllib.request.Request(url, body, headers or {}, method=method), timeout=20)


def parsed(words: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    options: dict[str, list[str]] = {}
    rest, at = [], 0
    while at < len(words):
        if words[at] in VALUED:
            options.setdefault(words[at], []).append(words[at + 1])
            at += 1
        elif not words[at].startswith("--"):
            rest.append(words[at])
        at += 1
    return options, rest


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[0]).name, sys.argv[1:]))
