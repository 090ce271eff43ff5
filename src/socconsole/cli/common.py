"""What verbs share, by its old name: see ``exits``, ``opening`` and ``options``."""

from socconsole.cli.exits import TALK_LIMIT, Code, Stop, finish, freshness_code, put, put_lines, say, stop
from socconsole.cli.opening import check_keys, drills_root, live_root, load_config, open_folder
from socconsole.cli.options import AccountOption, ConfigOption, JsonOption, ProfileOption, RegionOption, StoreOption

__all__ = [
    "TALK_LIMIT",
    "AccountOption",
    "Code",
    "ConfigOption",
    "JsonOption",
    "ProfileOption",
    "RegionOption",
    "Stop",
    "StoreOption",
    "check_keys",
    "drills_root",
    "finish",
    "freshness_code",
    "live_root",
    "load_config",
    "open_folder",
    "put",
    "put_lines",
    "say",
    "stop",
]
