"""Run the service: `pip install sternway flask waitress`, then

    SERVICE_TOKEN=… python -m deploy_service --deployments deployments/ --listen 127.0.0.1:8099

Ctrl-C and SIGTERM stop it: every run stops and is undone before the process ends. What is killed is undone by the next
start. It keeps nothing but the journal, so it may run anywhere; give a pod as long to end as an undo may take.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path

from sternway_steps import Session
from waitress import create_server

from .deployments import Deployments
from .web import make_app

_SHORTEST_TOKEN = 16


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser("deploy_service")
    parser.add_argument("--deployments", type=Path, default=Path("deployments"), metavar="DIR")
    parser.add_argument("--listen", default="127.0.0.1:8099", metavar="HOST:PORT", help="port 0: any that is free")
    parser.add_argument("--kubeconfig", metavar="FILE")
    parser.add_argument("--namespace", metavar="NAME", help="where the journal is; default: look everywhere")
    arguments = parser.parse_args()
    token = os.environ.get("SERVICE_TOKEN", "")
    if len(token) < _SHORTEST_TOKEN:
        sys.exit(f"set SERVICE_TOKEN, of at least {_SHORTEST_TOKEN} characters: who knows it may deploy")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    with Session(kubeconfig=arguments.kubeconfig, namespace=arguments.namespace) as session:
        deployments = Deployments(session, arguments.deployments)
        deployments.finish_what_was_left()
        server = create_server(make_app(deployments, token), listen=arguments.listen, threads=16)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # which ends server.run()
        print(f"listening on {server.effective_host}:{server.effective_port}", flush=True)  # noqa: T201
        try:
            server.run()
        finally:
            server.close()
            deployments.close()


if __name__ == "__main__":
    main()
