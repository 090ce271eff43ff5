"""AWS → model: one file per source. Collectors yield batches with a cursor and never touch the store."""
