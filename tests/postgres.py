"""A real PostgreSQL of the test's own: on a free port of the loopback, in a folder that goes with it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Postgres:
    """Where it answers. Its superuser is `orders`, and so is its database."""

    port: int
    programs: Path

    @property
    def env(self) -> dict[str, str]:
        """What psql reads (libpq, "Environment Variables"), without the password."""
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "orders", "PGDATABASE": "orders"}

    def psql(self, sql: str) -> str:
        return self._do("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", sql)

    def schema(self) -> str:
        """Give all tables with all rows, as SQL; newer versions of pg_dump put a random word around it."""
        text = self._do("pg_dump", "--inserts")
        return "\n".join(line for line in text.splitlines() if not line.startswith("\\"))

    def _do(self, program: str, *arguments: str) -> str:
        env = {**os.environ, **self.env, "PGPASSWORD": PASSWORD}
        done = subprocess.run([self.programs / program, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """Start one and stop it; skips with the reason where the package is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found or shutil.which("psql") is None:
        pytest.skip("no PostgreSQL: install Debian's package postgresql")
    programs = found[-1].parent
    user = "postgres" if os.getuid() == 0 else None  # it does not run as root
    data = folder / "data"
    (folder / "password").write_text(PASSWORD)
    if user:
        for path in (folder, folder / "password"):
            shutil.chown(path, user)
        for above in (folder, *folder.parents):
            if above.owner() == "root" and str(above).startswith("/tmp/pytest-of"):
                above.chmod(0o755)
    make = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        "orders",
        "-A",
        "scram-sha-256",
        "--pwfile",
        folder / "password",
        "-N",
    ]
    subprocess.run(make, user=user, check=True, capture_output=True, timeout=120, cwd=folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    options += " -c client_connection_check_interval=200ms"  # else it sleeps on for a client that is gone
    control = [programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w"]
    subprocess.run([*control, "-o", options, "start"], user=user, check=True, timeout=120, cwd=folder, stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        database = Postgres(port, programs)
        env = {**os.environ, **database.env, "PGPASSWORD": PASSWORD, "PGDATABASE": "postgres"}
        subprocess.run([programs / "createdb", "orders"], env=env, check=True, timeout=60)
        yield database
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], user=user, check=True, timeout=60, cwd=folder, stdout=subprocess.DEVNULL)  # fmt: skip
