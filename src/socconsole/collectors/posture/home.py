"""Where an account's global things are read: once, with the first region that the configuration has of it."""

from __future__ import annotations

from socconsole.config import Config
from socconsole.model.world import Place


def is_home(place: Place, config: Config) -> bool:
    """What belongs to no region (distributions, buckets elsewhere) is asked for here, and nowhere else."""
    regions = next((one.regions for one in config.accounts if one.account == place.account), (place.region,))
    return place.region == regions[0]
