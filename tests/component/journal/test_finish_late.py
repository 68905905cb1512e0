"""A run that ends while somebody waits for its lock is not ended twice."""

from __future__ import annotations

from sternway_steps.journal.entries import Kind
from sternway_steps.journal.replay import Status
from sternway_steps.journal.writer import RunJournal
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import Fault
from sternway_steps.session import Session

from tests.helpers import config_map, config_of


def test_a_run_that_ended_meanwhile_is_left_as_it_ended(sternway_sandbox: Sandbox) -> None:
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        config = config_of("default", config_map("m", a="1"))
        at = session.locate(config)
        working = RunJournal(at.store, "r", at.target)
        working.start({"config": config.to_dict()})

        def end() -> None:
            working.end({"status": "succeeded", "exit": 0, "rollback_errors": []})

        sternway_sandbox.faults.when(lambda request: request.path.endswith("/leases"), Fault(before=end))
        assert session.finish("r") is None
        assert session.story("r").status is Status.SUCCEEDED
        [head] = at.store.heads()
        assert [entry.kind for entry in head.entries] == [Kind.RUN_STARTED, Kind.RUN_ENDED]


def test_a_record_that_another_process_went_on_with_is_gone_on_with_behind_it(sternway_sandbox: Sandbox) -> None:
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        at = session.locate(config_of("default"))
        ours, theirs = (RunJournal(at.store, "r", at.target) for _ in range(2))
        ours.start({})
        theirs.records()
        theirs.resume()
        theirs.end({"status": "undone"})
        ours.records()
        ours.resume()
        [head] = at.store.heads()
        started, ended = Kind.RUN_STARTED, Kind.RUN_ENDED
        assert [entry.kind for entry in head.entries] == [started, started, ended, started]
        assert at.store.index()[0].status is Status.OPEN
