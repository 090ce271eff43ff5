"""Sigma rules over the trail: read, translated to SQLite, run over what arrived since the last pass."""
