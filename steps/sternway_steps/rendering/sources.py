"""The programs and servers that a configuration's objects come from."""

from __future__ import annotations

from pathlib import Path

from ..config.chart import ChartConfig
from ..config.object_sources import Text


class Programs:
    """Asks the user's own programs, with the user's own settings; see `ObjectSources`."""

    def chart(self, chart: ChartConfig, release: str, namespace: str, base: Path) -> Text:
        """Render a chart by `helm template`."""
        from .helm import template  # most configurations have none

        return template(chart, release, namespace, base)

    def kustomization(self, folder: str, base: Path) -> Text:
        """Build a kustomization by `kubectl kustomize`, or `kustomize build` where that alone is there."""
        from .kustomize import build

        return build(folder, base)

    def url(self, url: str) -> Text:
        """Fetch what a URL names, if it has the digest that stands there."""
        from .fetch import fetch

        return fetch(url)
