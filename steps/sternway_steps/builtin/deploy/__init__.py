"""The deploy step: applies the config's objects; its rollback restores or deletes them."""
