"""Paired figures: what the console costs, next to peers, in one run on one machine. See README.md."""
