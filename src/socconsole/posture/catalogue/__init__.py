"""What is known of each check, as data: one TOML file a family beside this one, one table a check."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Final, Literal

import msgspec

FRAMEWORKS: Final[Mapping[str, str]] = {
    "gdpr": "GDPR (EU) 2016/679",
    "nis2": "NIS2 (EU) 2022/2555",
    "iso27001": "ISO/IEC 27001:2022 Annex A",
    "owasp_llm": "OWASP Top 10 for LLM Applications 2025",
    "atlas": "MITRE ATLAS",
}


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One table. Ids of other scanners are those under which they answer the same question, or part of it."""

    id: str
    title: str
    """What is true when it passes, in a few words."""
    severity: Literal["critical", "high", "medium", "low"]
    why: str
    """What happens where it fails, in a sentence."""
    calls: tuple[str, ...]
    """Every operation whose answer a PASS needs."""
    pattern: str
    """Failure pattern of the dossier that it looks for."""
    fix: str
    """What to do about it, in a sentence or two."""
    action: str = ""
    """Id of the containment that does it, or its nearest part; empty where it takes other hands."""
    also: tuple[str, ...] = ()
    """Further containments, each for a part of it that ``action`` does not mend."""
    securityhub: tuple[str, ...] = ()
    """Control ids: ``S3.1``."""
    prowler: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    """Identifiers of AWS Config managed rules, as in ``s3-bucket-public-read-prohibited``."""
    clauses: Mapping[str, tuple[str, ...]] = {}
    """Framework (a key of ``FRAMEWORKS``) → clauses."""
    whole: bool = False
    """One answer of another scanner is an answer to the whole check, not to a part of it."""

    @property
    def actions(self) -> tuple[str, ...]:
        """Every containment that mends it or a part of it, the nearest first."""
        return (self.action, *self.also) if self.action else ()

    @property
    def answered_by(self) -> list[str]:
        """Who can answer it, as ``Result.answered_by`` calls them: our own function, and whoever has ids here."""
        others = {"securityhub": self.securityhub, "config": self.config, "prowler": self.prowler}
        return ["own", *(name for name, ids in others.items() if ids)]


@functools.cache
def catalogue() -> Mapping[str, About]:
    """All checks by id, in the order of their ids within each family."""
    found: dict[str, About] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            for id_, table in tomllib.loads(file.read_text("utf-8")).items():
                found[id_] = msgspec.convert({"id": id_, **table}, About)
    return found
