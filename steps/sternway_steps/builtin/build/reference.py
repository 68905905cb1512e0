"""An image reference, taken apart as a registry needs it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...objects.image_name import HUB, is_on_this_machine, split


@dataclass(frozen=True)
class Reference:
    """HOST/REPOSITORY:TAG. `plain`: the registry speaks plain HTTP."""

    text: str
    host: str
    repository: str
    tag: str
    plain: bool = False

    @staticmethod
    def parse(image: str, insecure: bool = False) -> Reference:
        """Read a reference with a tag, as Docker reads it."""
        host, repository, rest = split(image)
        return Reference(image, host, repository, rest.removeprefix(":"), insecure or is_on_this_machine(host))

    def tagged(self, tag: str) -> Reference:
        """Return another tag of the same repository."""
        return replace(self, text=f"{self.name}:{tag}", tag=tag)

    def is_same(self, image: str) -> bool:
        """Return whether an image is this one, however it is written."""
        return split(image) == (self.host, self.repository, f":{self.tag}")

    @property
    def name(self) -> str:
        """The image without its tag, as builders take it."""
        return self.text.rpartition(":")[0]

    @property
    def url(self) -> str:
        """Where the registry's API serves this repository."""
        host = "registry-1.docker.io" if self.host == HUB else self.host
        return f"{'http' if self.plain else 'https'}://{host}/v2/{self.repository}"
