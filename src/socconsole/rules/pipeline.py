"""From Sigma to SQL over the table ``trail``: pySigma's SQLite backend, taught what a CloudTrail field is.

A few hot fields are columns; the others are asked of the record by name, where arrays make one field many values: a
comparison holds if it holds for any of them, so it stands in an EXISTS. The functions that the SQL calls are those of
``fields`` and ``store.rule_reading``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_network
from typing import Any, ClassVar, Final

from sigma.backends.sqlite.sqlite import sqliteBackend
from sigma.conditions import ConditionFieldEqualsValueExpression as FieldEqualsValue
from sigma.conversion.state import ConversionState
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import FieldMappingTransformation, ValueListPlaceholderTransformation

HOT: Final[dict[str | None, str | list[str]]] = {"eventName": "name", "eventSource": "source"}
"""Fields that are columns of the table, as ``store.rule_reading`` shows it to rules."""

_COLUMNS: Final = frozenset(HOT.values())

ACCOUNTS: Final = "accounts"
"""The placeholder for the team's own accounts: ``userIdentity.accountId|expand: '%accounts%'``."""

_NOBODY: Final = "none"


def pipeline(accounts: Sequence[str] = ()) -> ProcessingPipeline:
    """Hot fields to their columns; ``%accounts%`` to the accounts of the configuration."""
    return ProcessingPipeline(
        name="CloudTrail in store.db",
        vars={ACCOUNTS: list(accounts) or [_NOBODY]},
        items=[
            ProcessingItem(ValueListPlaceholderTransformation(include=[ACCOUNTS]), identifier="accounts"),
            ProcessingItem(FieldMappingTransformation(HOT), identifier="hot"),
        ],
    )


class TrailBackend(sqliteBackend):
    """A rule becomes a condition over ``trail``, not a whole statement: who runs it says over which rows.

    Correlations are not the backend's work: it would make one statement with the evidence of every window in it, whose
    cost grows with the square of a burst, and a leak is one. See ``correlation``.
    """

    # Values are text, whatever JSON had: see ``fields``.
    bool_values: ClassVar[dict[bool, str]] = {True: "'true'", False: "'false'"}
    bool_expression: ClassVar[str] = "{field}={value} COLLATE NOCASE"
    compare_op_expression: ClassVar[str] = "trail_number({field}) {operator} {value}"

    def __init__(self, accounts: Sequence[str] = ()) -> None:
        super().__init__(  # type: ignore[no-untyped-call]  # the backend is published without types
            pipeline(accounts),
            fulltext_field="event",
            collate_nocase=True,
        )

    # --- one comparison, over however many values the field has ---

    def _any(self, cond: FieldEqualsValue, convert: Callable[[FieldEqualsValue], Any]) -> Any:
        if cond.field in _COLUMNS:
            return convert(cond)
        inner = convert(FieldEqualsValue("value", cond.value))
        return f"EXISTS (SELECT 1 FROM json_each({_values(cond.field)}) WHERE {inner})"

    def convert_condition_field_eq_val_str(self, cond: FieldEqualsValue, state: ConversionState) -> Any:
        parent = super().convert_condition_field_eq_val_str
        return self._any(cond, lambda each: parent(each, state))

    def convert_condition_field_eq_val_str_case_sensitive(self, cond: FieldEqualsValue, state: ConversionState) -> Any:
        parent = super().convert_condition_field_eq_val_str_case_sensitive
        return self._any(cond, lambda each: parent(each, state))

    def convert_condition_field_eq_val_num(self, cond: FieldEqualsValue, state: ConversionState) -> Any:
        return self._any(cond, lambda each: f"trail_number({each.field})={each.value}")

    def convert_condition_field_eq_val_bool(self, cond: FieldEqualsValue, state: ConversionState) -> Any:
        parent = super().convert_condition_field_eq_val_bool
        return self._any(cond, lambda each: parent(each, state))

    def convert_condition_field_eq_val_re(self, cond: FieldEqualsValue, state: ConversionState) -> Any:
        parent = super().convert_condition_field_eq_val_re
        return self._any(cond, lambda each: parent(each, state))

    def convert_condition_field_compare_op_val(self, cond: FieldEqualsValue, state: ConversionState) -> Any:
        parent = super().convert_condition_field_compare_op_val
        return self._any(cond, lambda each: parent(each, state))

    def convert_condition_field_eq_val_timestamp_part(self, cond: FieldEqualsValue, state: ConversionState) -> Any:
        parent = super().convert_condition_field_eq_val_timestamp_part
        return self._any(cond, lambda each: parent(each, state))

    def convert_condition_field_eq_val_cidr(self, cond: FieldEqualsValue, state: ConversionState) -> Any:
        # By arithmetic: prefixes of text miss the many spellings of an IPv6 address.
        network: Any = cond.value
        inside = _quoted(str(ip_network(network.cidr, strict=False)))
        return self._any(cond, lambda each: f"trail_in_network({each.field}, {inside})")

    def convert_condition_field_eq_field(self, cond: FieldEqualsValue, state: ConversionState) -> Any:
        reference: Any = cond.value
        left, right = "one.value", "other.value"
        if reference.starts_with and reference.ends_with:
            holds = f"instr(lower({left}), lower({right})) > 0"
        elif reference.starts_with:
            holds = f"lower(substr({left}, 1, length({right}))) = lower({right})"
        elif reference.ends_with:
            holds = f"lower(substr({left}, -length({right}))) = lower({right})"
        else:
            holds = f"{left} = {right} COLLATE NOCASE"
        return (
            f"EXISTS (SELECT 1 FROM json_each({_values(cond.field)}) AS one, "
            f"json_each({_values(reference.field)}) AS other WHERE {holds})"
        )

    # --- whether there is a value at all ---

    def convert_condition_field_eq_val_null(self, cond: FieldEqualsValue, state: ConversionState) -> Any:
        return f"{_presence(cond.field)} IS NULL"

    def convert_condition_field_exists(self, cond: FieldEqualsValue, state: ConversionState) -> Any:
        return f"{_presence(cond.field)} IS NOT NULL"

    def convert_condition_field_not_exists(self, cond: FieldEqualsValue, state: ConversionState) -> Any:
        return f"{_presence(cond.field)} IS NULL"

    # --- whole queries ---

    def finalize_query_default(self, rule: Any, query: str, index: int, state: ConversionState) -> str:
        return query


def _values(field: str) -> str:
    return f"json_array({field})" if field in _COLUMNS else f"trail_values(event, {_quoted(field)})"


def _presence(field: str) -> str:
    return field if field in _COLUMNS else f"trail_values(event, {_quoted(field)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
