"""The example of a migration with a real PostgreSQL: migrated back when verify fails, and when it is killed midway."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.kube.client import Client
from sternway_steps.registry.load import load
from sternway_steps.sandbox import Sandbox
from sternway_steps.session import Session

from tests.conftest import ROOT
from tests.helpers import command, sternway, until
from tests.postgres import PASSWORD, Postgres, postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]
EXAMPLE = ROOT / "templates/examples/migration/sternway.yaml"
CREATE = """
CREATE TABLE orders (id int PRIMARY KEY, price_in_cents int);
INSERT INTO orders VALUES (1, 100), (2, 250);
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with postgres(tmp_path_factory.mktemp("postgres")) as started:
        yield started


@pytest.fixture
def database(server: Postgres) -> Postgres:
    server.psql("DROP TABLE IF EXISTS orders")
    server.psql(CREATE)
    return server


@pytest.fixture
def sandbox(sternway_sandbox: Sandbox) -> Sandbox:
    client = Client.connect(sternway_sandbox.kubeconfig)
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, manager="test")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "orders-db", "namespace": "shop"}, "stringData": {"password": PASSWORD}}  # fmt: skip
    client.create(secret, manager="test")
    client.close()
    return sternway_sandbox


def example(folder: Path, database: Postgres, **change: Any) -> Path:
    """Write the example as it is, but for where the database is and that psql is a process of this machine."""
    keys = yaml.safe_load(EXAMPLE.read_text())
    extra = change.pop("steps", [])
    for step in keys["steps"]:
        if isinstance(step, dict):
            del step["image"], step["user"]
            step |= change.pop(step["name"], {})
            step["env"] |= database.env
    path = folder / "sternway.yaml"
    path.write_text(yaml.safe_dump({**keys, "verify": {"deadline": "2s"}, **change, "steps": keys["steps"] + extra}))
    return path


def columns(database: Postgres) -> set[str]:
    return set(database.psql("SELECT column_name FROM information_schema.columns WHERE table_name = 'orders'").split())


def test_a_good_version_migrates(database: Postgres, sandbox: Sandbox, tmp_path: Path) -> None:
    done = sternway("run", "-c", str(example(tmp_path, database)), kubeconfig=sandbox.kubeconfig)
    assert done.returncode == Exit.DONE, done.stdout + done.stderr
    assert columns(database) == {"id", "currency"}
    assert database.psql("SELECT DISTINCT currency FROM orders") == "EUR"


def test_verify_fails_and_the_schema_is_as_before(database: Postgres, sandbox: Sandbox, tmp_path: Path) -> None:
    before = database.schema()
    config = example(tmp_path, database, env={"APP_MODE": "unready"})
    done = sternway("run", "-c", str(config), kubeconfig=sandbox.kubeconfig)
    assert done.returncode == Exit.FAILED, done.stdout + done.stderr
    assert done.stdout.index("ALTER TABLE") < done.stdout.index("DeadlineExceeded") < done.stdout.index("DROP INDEX")
    assert "stays" not in done.stdout, "contract never began"
    assert database.schema() == before
    assert PASSWORD not in done.stdout + done.stderr


def test_what_is_irreversible_is_announced_and_said_to_stay(database: Postgres, sandbox: Sandbox, tmp_path: Path) -> None:  # fmt: skip
    last = {"name": "smoke", "execute": ["sh", "-c", "echo no; exit 1"], "effects": "none"}
    config = str(example(tmp_path, database, steps=[last]))
    planned = sternway("plan", "-c", config, kubeconfig=sandbox.kubeconfig)
    assert "contract is irreversible: what it does stays, whatever fails after it" in planned.stdout
    lines = sternway("plan", "-c", config, "--output", "json", kubeconfig=sandbox.kubeconfig).stdout.splitlines()
    assert [told["step"] for told in map(json.loads, lines) if told["type"] == "plan-stays"] == ["contract"]
    done = sternway("run", "-c", config, kubeconfig=sandbox.kubeconfig)
    assert done.returncode == Exit.FAILED
    assert "  what contract did is irreversible and stays" in done.stdout.splitlines()
    assert columns(database) == {"id"}
    with Session(kubeconfig=sandbox.kubeconfig, namespace="shop") as session:
        assert session.runs()[0].stays == ("contract",)


def test_killed_in_the_middle_it_is_ended_and_migrated_back(database: Postgres, sandbox: Sandbox, tmp_path: Path) -> None:  # fmt: skip
    before = database.schema()
    keys = yaml.safe_load(EXAMPLE.read_text())["steps"][1]
    slow = [*keys["execute"][:-1], keys["execute"][-1] + "SELECT pg_sleep(600);"]
    config = example(tmp_path, database, expand={"execute": slow})
    running = subprocess.Popen(
        command("run", "--kubeconfig", sandbox.kubeconfig, "-c", str(config)), stdout=subprocess.DEVNULL
    )
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    until(lambda: database.psql(asleep) == "1", 30, "the migration is in its middle")
    os.kill(running.pid, signal.SIGKILL)
    running.wait(10)
    with Session(kubeconfig=sandbox.kubeconfig, namespace="shop") as session:
        story = session.runs()[0]
        assert story.status is Status.INTERRUPTED
        began = time.monotonic()
        done = session.rollback(story.run, journal_of=load(config))
        assert time.monotonic() - began < 60, "what holds the table is ended, and not waited for"
        assert done.exit_code == Exit.DONE, done.rollback_errors
        assert session.story(story.run).status is Status.UNDONE
    assert database.psql(asleep) == "0"
    assert database.schema() == before


def test_a_migration_that_is_wrong_changes_nothing_and_shows_why(database: Postgres, sandbox: Sandbox, tmp_path: Path) -> None:  # fmt: skip
    before = database.schema()
    wrong = ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-1", "-c", "ALTER TABLE orders ADD COLUMN a int; ALTER TABLE nope ADD COLUMN a int"]  # fmt: skip
    config = example(tmp_path, database, expand={"execute": wrong})
    done = sternway("run", "-c", str(config), kubeconfig=sandbox.kubeconfig)
    assert done.returncode == Exit.FAILED
    assert 'ended with exit code 1: ERROR:  relation "nope" does not exist' in done.stdout
    assert database.schema() == before
