"""The configuration: one TOML file, strictly validated, with a published JSON schema.

Data only: nothing in it is run. An unknown key, a wrong type or a value out of range names file, key and
line. Without a file everything has a default, and the accounts are those of the state folder (``world.toml``).

``tables`` says what may stand in it, ``loading`` reads and checks it, ``example`` is what a new user begins with.
"""

from socconsole.config.escalation import ChannelConfig, EscalationConfig, HandoffConfig, HeartbeatConfig, StepConfig
from socconsole.config.example import EXAMPLE
from socconsole.config.loading import PATH_VARIABLE, RULES_FOLDER, WORLD_FILE, ConfigError, default_path, exposed, load
from socconsole.config.tables import (
    AccountConfig,
    CasesConfig,
    Config,
    ControllerConfig,
    DatasetConfig,
    EgressConfig,
    EntityConfig,
    Intervals,
    PeerConfig,
    PositionConfig,
    PostureConfig,
    ProbeConfig,
    PushConfig,
    RunbookConfig,
    Service,
    SpendConfig,
    ThirdPartyConfig,
    schema,
)

__all__ = [
    "EXAMPLE",
    "PATH_VARIABLE",
    "RULES_FOLDER",
    "WORLD_FILE",
    "AccountConfig",
    "CasesConfig",
    "ChannelConfig",
    "Config",
    "ConfigError",
    "ControllerConfig",
    "DatasetConfig",
    "EgressConfig",
    "EntityConfig",
    "EscalationConfig",
    "HandoffConfig",
    "HeartbeatConfig",
    "Intervals",
    "PeerConfig",
    "PositionConfig",
    "PostureConfig",
    "ProbeConfig",
    "PushConfig",
    "RunbookConfig",
    "Service",
    "SpendConfig",
    "StepConfig",
    "ThirdPartyConfig",
    "default_path",
    "exposed",
    "load",
    "schema",
]
