"""A run's story as one page of HTML, which needs no network and no script: `show --output html`, `run --report`."""
