"""Reading rules: ours, which come with the program, and the team's own. One that cannot be run is listed with why.

A rule of the team goes before one of ours with the same id; a Sigma *filter* of the team's (``filter:`` documents)
narrows any rule, ours included, without copying it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationCondition, SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaRule
from sigma.types import SigmaFieldReference

from socconsole.config import exposed
from socconsole.model.finding import Severity
from socconsole.rules.fields import Fields
from socconsole.rules.needs import needs
from socconsole.rules.pipeline import TrailBackend
from socconsole.rules.rule import Correlate, Correlation, Part, Rule, Standing
from socconsole.text import clean, token

BUILTIN: Final = "builtin"
SIZE_LIMIT: Final = 1_000_000
"""Bytes of one file of rules."""

_PATTERNS: Final = ("*.yml", "*.yaml")
_LEVELS: Final = {
    "informational": Severity.INFO,
    "low": Severity.LOW,
    "medium": Severity.MEDIUM,
    "high": Severity.HIGH,
    "critical": Severity.CRITICAL,
}
_OPERATORS: Final = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">=", "EQ": "=", "NEQ": "!="}
_NAMES: Final = uuid.UUID("6a2f9d0e-4f55-4c41-9d9b-0d7e8f4f7f51")
"""Where the ids of rules come from that bring none."""


@dataclass(frozen=True, slots=True)
class _Read:
    """One document of a file, as pySigma reads it; ``rule`` is None where it reads nothing."""

    source: str
    rule: SigmaRule | SigmaCorrelationRule | SigmaFilter | None
    title: str = ""
    id: str = ""
    why: str = ""


def load(
    folders: Sequence[Path] = (), *, off: Collection[str] = (), accounts: Sequence[str] = (), builtin: bool = True
) -> list[Rule]:
    """All rules, the team's first, in the order of their sources. Never raises for what a file holds.

    ``folders`` are folders or files of the team's; ``off`` are ids not to be run; ``accounts`` those of the
    configuration (nobody there is an outsider).
    """
    read = [each for path in folders for each in _folder(path)]
    if builtin:
        read += _builtin()
    first: dict[str, str] = {}
    rules: list[_Read] = []
    replaced: list[Rule] = []
    for each in read:
        if isinstance(each.rule, SigmaFilter) or each.rule is None or each.id not in first:
            rules.append(each)
            if each.rule is not None and not isinstance(each.rule, SigmaFilter):
                first[each.id] = each.source
        else:
            why = f"the rule of {first[each.id]} has the same id and goes before it"
            replaced.append(_listed(each, Standing.REPLACED, why))
    found = _Translation(rules, accounts).rules()
    wanted = {id_.lower() for id_ in off}
    found = [
        replace(rule, standing=Standing.OFF, reason="switched off in the configuration (rules_off)")
        if rule.id in wanted and rule.standing is not Standing.BROKEN
        else rule
        for rule in found
    ]
    return found + replaced


def builtin_sources() -> Iterator[tuple[str, bytes]]:
    """(name, content) of every file of rules that comes with the program."""
    folder = resources.files(__package__).joinpath(BUILTIN)
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".yml"):
            yield f"{BUILTIN}/{entry.name}", entry.read_bytes()


def _builtin() -> list[_Read]:
    return [each for source, data in builtin_sources() for each in _documents(source, data)]


def _folder(path: Path) -> list[_Read]:
    try:
        # Whoever can add a filter can silence every rule.
        if path.is_dir() and (why := exposed(path)):
            return [_unread(str(path), clean(why))]
        files = sorted(file for pattern in _PATTERNS for file in path.rglob(pattern)) if path.is_dir() else [path]
        return [each for file in files for each in _file(file)]
    except OSError as error:
        return [_unread(str(path), f"cannot be read: {error.strerror}")]


def _file(path: Path) -> list[_Read]:
    try:
        if why := exposed(path):
            return [_unread(str(path), clean(why))]
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        return [_unread(str(path), f"cannot be read: {error.strerror}")]
    if len(data) > SIZE_LIMIT:
        return [_unread(str(path), f"larger than {SIZE_LIMIT:,} bytes")]
    return _documents(str(path), data)


def _documents(source: str, data: bytes) -> list[_Read]:
    try:
        documents = [each for each in yaml.safe_load_all(data) if each is not None]
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        return [_unread(source, f"no YAML: {_short(error)}")]
    if not all(isinstance(each, dict) for each in documents):
        return [_unread(source, "a document of it is no rule: a mapping with a title is expected")]
    if any("action" in each for each in documents):  # documents that lean on each other: one broken breaks the file
        return _collection(source, documents)
    return [read for each in documents for read in _collection(source, [each])]


def _collection(source: str, documents: list[dict[str, Any]]) -> list[_Read]:
    title = _short(documents[-1].get("title") or source)
    try:
        found = SigmaCollection.from_dicts(
            documents, collect_errors=True, collect_filters=True, resolve_references=False
        )
    except Exception as error:  # pySigma raises what Python happens to where YAML has another shape than it expects
        return [_unread(source, _short(error), title, str(documents[-1].get("id") or ""))]
    read = [
        _Read(source, rule, _short(rule.title), _id(rule, source), "; ".join(_short(e) for e in rule.errors))
        for rule in (*found.rules, *found.filters)
    ]
    if not read:
        read = [_unread(source, "; ".join(_short(e) for e in found.errors) or "holds no rule", title)]
    return read


def _unread(source: str, why: str, title: str = "", id_: str = "") -> _Read:
    name = title or Path(source).name
    return _Read(source, None, name, token(id_.lower()) or str(uuid.uuid5(_NAMES, f"{source}\n{name}")), why)


def _id(rule: SigmaRule | SigmaCorrelationRule | SigmaFilter, source: str) -> str:
    return str(rule.id) if rule.id else str(uuid.uuid5(_NAMES, f"{source}\n{rule.title}"))


def _short(error: object) -> str:
    """What an error says, on one printable line."""
    return clean(" ".join(str(error).split()), 300)


def _listed(read: _Read, standing: Standing, reason: str) -> Rule:
    rule = read.rule
    level = getattr(getattr(rule, "level", None), "name", "MEDIUM").lower()
    return Rule(
        id=read.id,
        title=read.title,
        source=read.source,
        standing=standing,
        reason=reason,
        severity=_LEVELS.get(level, Severity.MEDIUM),
        tags=tuple(token(tag) for tag in getattr(rule, "tags", ())),
        description=clean(getattr(rule, "description", None) or "", 4_000),
        falsepositives=tuple(clean(str(each)) for each in getattr(rule, "falsepositives", None) or ()),
    )


class _Unusable(Exception):
    """``str()`` of it says why a rule cannot be run."""


class _Translation:
    """Rules that refer to each other, made into what is run."""

    def __init__(self, read: Sequence[_Read], accounts: Sequence[str]) -> None:
        self._read = [each for each in read if not isinstance(each.rule, SigmaFilter)]
        self._filters = [each for each in read if isinstance(each.rule, SigmaFilter)]
        self._fields = Fields(accounts)
        self._backend = TrailBackend(accounts)
        self._of: dict[int, tuple[str, frozenset[str]] | str] = {}
        """What each detection came to, by its object: (condition, data events), or why it came to nothing."""

    def rules(self) -> list[Rule]:
        rules = [each.rule for each in self._read if each.rule is not None and not each.why]
        filters = [each.rule for each in self._filters if each.rule is not None and not each.why]
        unfiltered = ""
        try:
            whole = SigmaCollection([*rules, *filters], resolve_references=False)
        except SigmaError as error:
            whole = SigmaCollection(rules, resolve_references=False)
            unfiltered = _short(error)
        in_order = iter(whole.rules)
        read = [
            replace(each, rule=next(in_order)) if each.rule is not None and not each.why else each
            for each in self._read
        ]
        found = [self._rule(each, whole) for each in read]
        for each in self._filters:
            if why := each.why or unfiltered:
                found.append(_listed(each, Standing.BROKEN, why))
        through = {
            id(reference.rule): each.title
            for each, rule in zip(read, found, strict=False)
            if rule.correlation is not None and isinstance(each.rule, SigmaCorrelationRule) and not each.rule.generate
            for reference in each.rule.referenced_rules
        }
        return [
            replace(rule, standing=Standing.PART, reason=f"fires only through: {through[id(each.rule)]}")
            if rule.standing is Standing.ON and id(each.rule) in through
            else rule
            for each, rule in zip(read, found, strict=False)
        ] + found[len(read) :]

    def _rule(self, read: _Read, whole: SigmaCollection) -> Rule:
        try:
            if read.why or read.rule is None:
                raise _Unusable(read.why)
            if isinstance(read.rule, SigmaCorrelationRule):
                correlation, waits = self._correlation(read.rule, whole)
                return replace(_listed(read, Standing.ON, ""), correlation=correlation, needs=waits)
            condition, waits = self._condition(read.rule)
            return replace(_listed(read, Standing.ON, ""), condition=condition, needs=waits)
        except _Unusable as why:
            return _listed(read, Standing.BROKEN, str(why))

    def _condition(self, rule: Any) -> tuple[str, frozenset[str]]:
        if id(rule) not in self._of:
            try:
                self._of[id(rule)] = self._translate(rule)
            except _Unusable as why:
                self._of[id(rule)] = str(why)
            except Exception as error:  # an unsupported modifier comes as any of a dozen exceptions of pySigma's
                self._of[id(rule)] = _short(error)
        found = self._of[id(rule)]
        if isinstance(found, str):
            raise _Unusable(found)
        return found

    def _translate(self, rule: SigmaRule) -> tuple[str, frozenset[str]]:
        if isinstance(rule, SigmaCorrelationRule):
            raise _Unusable("a correlation of correlations is not supported")
        source = rule.logsource
        if (source.product, source.service, source.category) != ("aws", "cloudtrail", None):
            said = ", ".join(f"{k} {v}" for k in ("product", "service", "category") if (v := getattr(source, k)))
            raise _Unusable(f"not about CloudTrail (logsource {clean(said)}): product aws, service cloudtrail is read")
        self._check(_fields(rule.detection.detections.values()))
        self._backend.convert_rule(rule)  # type: ignore[no-untyped-call]  # published without types
        queries = rule.get_conversion_result()
        if not queries:
            raise _Unusable("its condition says nothing")
        waits = [needs(each.parsed) for each in rule.detection.parsed_condition]
        all_wait = frozenset[str]().union(*waits) if all(waits) else frozenset[str]()
        return " OR ".join(f"({query})" for query in queries), all_wait

    def _check(self, fields: Iterable[str]) -> None:
        unknown = sorted({clean(field) for field in fields if self._fields.unknown(field)})
        if unknown:
            raise _Unusable(f"no CloudTrail record has the field {', '.join(unknown)}: it would never fire")

    def _correlation(self, rule: SigmaCorrelationRule, whole: SigmaCollection) -> tuple[Correlation, frozenset[str]]:
        kind = rule.type.name.lower()
        if kind not in set(Correlate):
            raise _Unusable(f"a correlation of the type {kind} is not supported")
        condition = rule.condition
        if not isinstance(condition, SigmaCorrelationCondition):
            raise _Unusable("a correlation with a condition of words is not supported: count its rules")
        counted = condition.fieldref
        if counted is not None and not isinstance(counted, str):
            raise _Unusable("a correlation that counts several fields at once is not supported")
        try:
            rule.resolve_rule_references(whole)
        except SigmaError as error:
            raise _Unusable(_short(error)) from error
        parts, waits = [], []
        for reference in rule.referenced_rules:
            try:
                sql, data = self._condition(reference.rule)
            except _Unusable as why:
                raise _Unusable(f"its rule {_short(reference.rule.title)}: {why}") from why
            names = _aliases(rule, reference.rule)
            group_by = tuple(names.get(field, field) for field in rule.group_by or ())
            value = names.get(counted, counted) if counted else ""
            self._check((*group_by, *((value,) if value else ())))
            parts.append(Part(sql, group_by, value))
            waits.append(data)
        temporal = kind in (Correlate.TEMPORAL, Correlate.TEMPORAL_ORDERED)
        correlation = Correlation(
            kind=Correlate(kind),
            parts=tuple(parts),
            group_by=tuple(rule.group_by or ()),
            span_s=rule.timespan.seconds,
            compare=_OPERATORS[condition.op.name],
            limit=float(condition.count),
        )
        # What takes all of its parts lacks whatever one of them lacks.
        lacks = frozenset[str]().union(*waits) if temporal or all(waits) else frozenset[str]()
        return correlation, lacks


def _aliases(rule: SigmaCorrelationRule, of: SigmaRule | SigmaCorrelationRule) -> Mapping[str, str]:
    return {
        alias.alias: field
        for alias in rule.aliases
        for target, field in alias.mapping.items()
        if target.reference in (of.name, str(of.id))
    }


def _fields(items: Iterable[Any]) -> Iterator[str]:
    """Every field that detections compare, or compare with."""
    for item in items:
        if isinstance(item, SigmaDetection):
            yield from _fields(item.detection_items)
        elif isinstance(item, SigmaDetectionItem):
            if item.field:
                yield item.field
            yield from (each.field for each in item.value if isinstance(each, SigmaFieldReference))
