"""Variables that Kubernetes makes of Services are nobody's wish."""

from __future__ import annotations

from pathlib import Path

import pytest
from sternway_steps.config.service_links import without_service_links
from sternway_steps.registry.load import load


def links(service: str, port: int = 80, name: str = "HTTP") -> dict[str, str]:
    """Give what the kubelet makes of a Service (pkg/kubelet/envvars)."""
    prefix = service.upper().replace("-", "_")
    url = f"tcp://10.96.0.7:{port}"
    of_port = {"": url, "_PROTO": "tcp", "_PORT": str(port), "_ADDR": "10.96.0.7"}
    return {
        f"{prefix}_SERVICE_HOST": "10.96.0.7", f"{prefix}_SERVICE_PORT": str(port),
        f"{prefix}_SERVICE_PORT_{name}": str(port), f"{prefix}_PORT": url,
        **{f"{prefix}_PORT_{port}_TCP{end}": text for end, text in of_port.items()},
    }  # fmt: skip


@pytest.mark.parametrize("service", ["sternway", "sternway-web", "sternway-image", "sternway-replicas", "sternway-run", "sternway-env"])  # fmt: skip
def test_a_service_of_any_name_changes_nothing(service: str, tmp_path: Path) -> None:
    file = tmp_path / "sternway.yaml"
    file.write_text("name: web\nimage: web:1\nport: 8080\nreplicas: 2\n")
    plain = load(str(file), environ={})
    assert load(str(file), environ=links(service)).manifests == plain.manifests
    own = {**links(service), **links("sternway-web", 53, "DNS"), "STERNWAY_IMAGE": "web:2", "STERNWAY_REPLICAS": "5"}
    assert load(str(file), environ=own).manifests[1].obj["spec"]["replicas"] == 5


def test_what_somebody_set_stays() -> None:
    own = {"STERNWAY_RUN": "r-1", "STERNWAY_ENV__X_SERVICE_HOST": "db", "STERNWAY_WEB_SERVICE_PORT": "1"}  # fmt: skip
    assert without_service_links(own) == own
    assert without_service_links({**own, **links("web"), **links("sternway-api")}) == own
