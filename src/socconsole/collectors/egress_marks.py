"""What names and tags say of a way out: whose it is, what data it holds, whether an LLM is behind it."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from socconsole.config import DatasetConfig
from socconsole.model.egress import EgressPath, PathKind, path_id
from socconsole.model.world import Place
from socconsole.text import Untrusted, token

_OWNERS: Final = ("owner", "team")
_CLASSES: Final = frozenset({"classification", "dataclassification", "sensitivity", "datasensitivity"})
_FLAGS: Final = frozenset({"pii", "phi", "pci", "training", "trainingdata", "dataset"})
_HARMLESS: Final = frozenset({"", "public", "none", "no", "false", "0", "unclassified", "n/a"})
_GPU: Final = re.compile(r"(g|gr|p|inf|trn|dl)\d+[a-z]*(-[a-z0-9]+)?\.")
"""Instance families with GPUs, Inferentia, Trainium or Gaudi (EC2 User Guide, "Accelerated computing instances"),
as in ``g5.``, ``p4de.``, ``p6-b200.``."""

Tags = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Marks:
    """How this team names its things: datasets as declared, patterns of what belongs to an LLM."""

    datasets: tuple[DatasetConfig, ...]
    llm: tuple[str, ...]

    def dataset(self, names: Iterable[str], tags: Tags) -> str:
        """The declared dataset that a store is, by its name or ARN, or that its tag ``dataset`` names; else empty."""
        said = {value.lower() for key, value in tags if key.lower() == "dataset"}
        known = [name.lower() for name in names]
        for one in self.datasets:
            if one.name.lower() in said or any(_fits(name, one.stores) for name in known):
                return one.name
        return ""

    def is_llm(self, names: Iterable[str], tags: Tags, instance_type: str = "") -> bool:
        """By what it runs on, or by a name or tag that a pattern fits (``value``, ``key=value``)."""
        return accelerated(instance_type) or bool(self.declares(names, tags))

    def declares(self, names: Iterable[str], tags: Tags) -> str:
        """The first pattern of an LLM's that one of its names or tags fits; empty for none."""
        said = [*names, *(value for _, value in tags), *(f"{key}={value}" for key, value in tags)]
        return next((one for one in self.llm if any(_fits(word.lower(), (one,)) for word in said)), "")

    def path(
        self,
        kind: PathKind,
        place: Place,
        resource: str,
        tags: Tags,
        *,
        name: str = "",
        names: Sequence[str] = (),
        llm: bool = False,
        instance_type: str = "",
        links: Iterable[str] = (),
        dimensions: Iterable[tuple[str, str]] = (),
    ) -> EgressPath:
        """A way out with everything that its names and tags say of it."""
        resource = token(resource, 256)
        title = name or next((value for key, value in tags if key == "Name"), "") or resource
        known = (resource, title, *names)
        return EgressPath(
            id=path_id(kind, place, resource),
            kind=kind,
            place=place,
            resource=resource,
            name=Untrusted(title),
            tags=tuple((Untrusted(key), Untrusted(value)) for key, value in tags),
            owner=_owner(tags),
            dataset=self.dataset(known, tags),
            llm=llm or self.is_llm(known, tags, instance_type),
            links=tuple(dict.fromkeys(token(link, 256) for link in links if link)),
            dimensions=tuple(dimensions),
        )


def accelerated(instance_type: str) -> bool:
    """Whether instances of this type have GPUs, Inferentia or Trainium."""
    return _GPU.match(instance_type) is not None


def holds_data(tags: Tags) -> bool:
    """Whether tags call a bucket's content classified, personal or a model's training data.

    What somebody classified as public is public, whatever dataset it is part of.
    """
    words = {re.sub(r"[^a-z]", "", key.lower().rpartition(":")[2]): value.strip().lower() for key, value in tags}
    classes = [value for key, value in words.items() if key in _CLASSES]
    if any(value not in _HARMLESS for value in classes):
        return True
    if classes:
        return any(value not in _HARMLESS for key, value in words.items() if key in _FLAGS - {"dataset"})
    return any(value not in _HARMLESS for key, value in words.items() if key in _FLAGS)


def tags_of(listed: Iterable[Mapping[str, Any]] | None) -> list[tuple[str, str]]:
    """``[{Key, Value}]`` as pairs."""
    return [(str(one.get("Key", "")), str(one.get("Value", ""))) for one in listed or ()]


def _owner(tags: Tags) -> Untrusted | None:
    low = {key.lower(): value for key, value in tags}
    return next((Untrusted(low[key]) for key in _OWNERS if low.get(key)), None)


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern.lower()) for pattern in patterns)
