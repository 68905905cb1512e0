"""The record of what a run did, from which everything is undone.

`entries` says what is recorded, `codec` how it is written down, `backends` where (files, Secrets), `writer` how a run
is recorded, `step_journal` an attempt of a step, `replay` what a journal tells, `lookup` which one holds a run.
"""
