"""What the files of the step images let anybody do: become another user, write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cluster.image.conftest import TARGETS, docker

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
WALK = """
import json, os, stat
kernel = ("/proc", "/sys", "/dev")
found = {"becomes": [], "capable": [], "writable": []}
for top, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(top, name) not in kernel]
    for name in [*folders, *files]:
        path = os.path.join(top, name)
        if stat.S_ISLNK(os.lstat(path).st_mode):
            continue
        if os.lstat(path).st_mode & (stat.S_ISUID | stat.S_ISGID):
            found["becomes"].append(path)
        if "security.capability" in os.listxattr(path):
            found["capable"].append(path)
        if os.access(path, os.W_OK):
            found["writable"].append(path)
print(json.dumps(found))
"""
"""Lists all files but the kernel's own: setuid and setgid ones, those with capabilities, what the user may write."""
PYTHON = "/opt/sternway/bin/python"


@pytest.fixture(scope="module")
def every(images: dict[str, str], build_image: str) -> dict[str, str]:
    return {**images, "build": build_image}


def walk(image: str, *arguments: str) -> dict[str, list[str]]:
    told = docker("run", "--rm", "--network", "none", *arguments, "--entrypoint", PYTHON, image, "-c", WALK).stdout
    found: dict[str, list[str]] = json.loads(told)
    return found


@pytest.mark.parametrize("step", [*TARGETS, "build"])
def test_no_file_makes_another_user_of_nobody_or_can_be_written(every: dict[str, str], step: str) -> None:
    """Root sees all files; nobody, and a user whom the image does not know in the group root, may write /tmp alone."""
    seen = walk(every[step], "--user", "0")
    assert (seen["becomes"], seen["capable"]) == ([], [])
    assert "/etc/passwd" in seen["writable"], "it looks"
    assert walk(every[step])["writable"] == ["/tmp"]
    assert walk(every[step], "--user", "12345:0", "--read-only", "--tmpfs", "/tmp:mode=1777")["writable"] == ["/tmp"]


def test_capabilities_and_bits_are_seen_where_they_are(images: dict[str, str], tmp_path: Path) -> None:
    """The list is not blind: an image that has such files shows them."""
    capability = "b'\\\\x01\\\\x00\\\\x00\\\\x02' + bytes(16)"
    (tmp_path / "Dockerfile").write_text(
        f"FROM localhost/sternway-even:test\nUSER 0\nRUN cp /bin/true /usr/bin/odd && chmod 6755 /usr/bin/odd && mkdir -m 777 /opt/odd \\\n"
        f" && {PYTHON} -c \"import os; os.setxattr('/usr/bin/env', 'security.capability', {capability})\"\nUSER 65532\n"
    )
    docker("tag", images["validate"], "localhost/sternway-even:test")  # BuildKit builds from no id
    name = "localhost/sternway-odd:test"
    docker("build", "-q", "--network", "none", "-t", name, str(tmp_path))
    try:
        found = walk(name)
        assert (found["becomes"], found["capable"]) == (["/usr/bin/odd"], ["/usr/bin/env"])
        assert set(found["writable"]) == {"/tmp", "/opt/odd"}
    finally:
        docker("rmi", name, "localhost/sternway-even:test", check=False)
