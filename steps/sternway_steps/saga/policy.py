"""The options of an undo that its caller may set."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..config import Config
from .trust import Trust


@dataclass(frozen=True)
class Policy:
    """The options of an undo; None, or False, leaves the decision to the run's own configuration."""

    on_conflict: str | None = None
    restart_stale: bool = False
    recreate: bool = False
    wait_lock: float | None = None
    """Seconds to wait for another run of the target that is at work."""
    on_interrupt: str | None = None
    """What becomes of a run whose process is gone; see config.schema.ON_INTERRUPT."""

    trust: Trust = field(default_factory=Trust)
    """What decides whether a command of the journal may run."""

    def of(self, config: Config) -> Config:
        """Return the configuration by which a run is undone."""
        deploy = config.deploy
        deploy = replace(
            deploy,
            on_conflict=self.on_conflict or deploy.on_conflict,
            restart_stale=deploy.restart_stale or self.restart_stale,
            recreate=deploy.recreate or self.recreate,
        )
        wait = config.wait_lock if self.wait_lock is None else self.wait_lock
        on_interrupt = self.on_interrupt or config.on_interrupt
        return replace(config, deploy=deploy, wait_lock=wait, on_interrupt=on_interrupt)
