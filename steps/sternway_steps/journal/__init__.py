"""The record of what a run did, from which everything is undone.

`entries` says what is recorded, `codec` how it is written down, `store` where a journal may be kept (`files`,
`secrets`), `writer` how a runner and a step write, `replay` what a journal tells.
"""
