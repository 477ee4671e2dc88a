"""The family as a table: one module of rows for each source, `table` for all of them."""
