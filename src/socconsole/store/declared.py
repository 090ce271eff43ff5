"""What the team declares of its estate, as priority wants it: the same for whoever takes findings in."""

from __future__ import annotations

from socconsole import triage
from socconsole.config import Config


def context_of(config: Config) -> triage.Context:
    """Datasets and critical resources of the configuration in force."""
    datasets = tuple(triage.Dataset(one.name, one.stores, one.categories, one.confidential) for one in config.datasets)
    return triage.Context(datasets=datasets, critical=config.critical)
