"""How a run is called: NAMESPACE/RUN, with the namespace of its journal; in a journal of files, by its folder."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunName:
    """The id of a run, and where its journal is: a namespace, or a folder; "" where that is not said.

    An id alone may name several runs: schedules in two namespaces make the same.
    """

    run: str
    place: str = ""

    @staticmethod
    def parse(text: str) -> RunName:
        """Read what str() wrote, or an id alone."""
        place, _, run = text.rpartition("/")
        return RunName(run, place)

    def __str__(self) -> str:
        return f"{self.place}/{self.run}" if self.place else self.run

    @property
    def in_files(self) -> bool:
        """Tell whether the place is a folder."""
        return self.place.startswith(("/", ".", "~"))
