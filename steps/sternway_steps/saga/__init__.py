"""The saga: what runs in which order, how a run goes forward, how it is rolled back, and how it ends."""
