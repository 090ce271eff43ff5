"""DET-01 to DET-06: who watches here, how soon it tells, and whether it tells where somebody looks."""

from __future__ import annotations

from functools import partial
from typing import Final

from socconsole.model.estate.detection import AccessFinding, Analyzer, Detection, Detector, Hub, Recorder
from socconsole.model.known import Known, Read
from socconsole.model.posture import Judged
from socconsole.posture.check import AnyCheck, Check, Condition, Context, Here, Said, failed, here, weigh

FEATURES: Final = (
    "AI_PROTECTION",
    "EBS_MALWARE_PROTECTION",
    "EKS_AUDIT_LOGS",
    "LAMBDA_NETWORK_LOGS",
    "RDS_LOGIN_EVENTS",
    "RUNTIME_MONITORING",
    "S3_DATA_EVENTS",
)
"""What GuardDuty can see beyond the logs that every detector reads."""
_SOONEST: Final = "FIFTEEN_MINUTES"
_GUARDDUTY: Final = "aws/guardduty"
_SHOWN: Final = 3
"""Names in one sentence; the rest is counted."""


# --- GuardDuty ----------------------------------------------------------------------------------------


def _detectors(context: Context) -> Read[tuple[Detector | Here, ...]]:
    """The detector, or the place where there is none."""
    return Known(context.part(Detection).detectors.get() or here(context).get())


def tells_in_time(detector: Detector | Here, context: Context) -> Judged:
    """DET-01. A new finding comes within minutes; that it goes on is told at this frequency only."""
    if isinstance(detector, Here):
        return failed("GuardDuty has no detector here")
    soon = detector.frequency == _SOONEST
    return weigh(
        [
            lambda: Said(detector.enabled, "the detector is on" if detector.enabled else "the detector is suspended"),
            lambda: Said(soon, f"repeated activity is told after {detector.frequency}"),
        ]
    )


def sees_everything(detector: Detector | Here, context: Context) -> Judged:
    """DET-02. A feature that AWS does not list here is not on, whatever the reason."""
    if isinstance(detector, Here):
        return failed("GuardDuty has no detector here")
    listed = dict(detector.features)

    def on(name: str) -> Said:
        if name not in listed:
            return Said(False, f"{name} is not among the detector's features")
        return Said(listed[name], f"{name} is {'on' if listed[name] else 'off'}")

    suspended = Said(detector.enabled, "the detector is on" if detector.enabled else "the detector is suspended")
    return weigh([lambda: suspended, *(partial(on, name) for name in FEATURES)])


# --- Security Hub -------------------------------------------------------------------------------------


def comes_together(place: Here, context: Context) -> Judged:
    """DET-03. GuardDuty's findings have to reach Security Hub, and every Region's one place."""
    hub = context.part(Detection).hub.get()
    if hub is None:
        return failed("Security Hub is not enabled here")
    conditions: list[Condition] = [partial(_takes_guardduty, hub)]
    if sum(len(one.regions) for one in context.config.accounts if one.account == context.place.account) > 1:
        conditions.append(partial(_aggregated, hub, context))
    return weigh(conditions)


def _takes_guardduty(hub: Hub) -> Said:
    on = _GUARDDUTY in hub.products.get()
    return Said(on, "takes in GuardDuty's findings" if on else "has no subscription to GuardDuty's findings")


def _aggregated(hub: Hub, context: Context) -> Said:
    found, region = hub.aggregator.get(), context.place.region
    if found is None:
        if above := hub.administrator.get():
            seen = above in context.own_accounts
            where = "looked at there" if seen else "whether they come together there is not seen from here"
            return Said(True if seen else None, f"account {above} administers Security Hub here: {where}")
        return Said(False, "no aggregator brings the Regions' findings together")
    linked = {
        "ALL_REGIONS": True,
        "ALL_REGIONS_EXCEPT_SPECIFIED": region not in found.regions,
        "SPECIFIED_REGIONS": region in found.regions,
    }.get(found.mode, False)
    if region == found.home:
        return Said(found.mode != "NO_REGIONS", f"the aggregator is here ({found.mode})")
    return Said(linked, f"findings {'also come' if linked else 'do not come'} together in {found.home} ({found.mode})")


# --- AWS Config ---------------------------------------------------------------------------------------


def configuration_recorded(place: Here, context: Context) -> Judged:
    """DET-04. Recorded as it changes, of every kind of resource, and delivered."""
    part = context.part(Detection)
    recorders = part.recorders.get()
    if not recorders:
        return failed("AWS Config has no recorder here")
    conditions: list[Condition] = []
    for recorder in recorders:
        conditions += [partial(_records, recorder, part), partial(_every_type, recorder)]
    return weigh([*conditions, partial(_delivered, part)])


def _records(recorder: Recorder, part: Detection) -> Said:
    state = next((one for one in part.recorder_states.get() if one.name == recorder.name), None)
    if state is None:
        return Said(None, f"{recorder.name}: AWS says nothing of whether it records")
    if not state.recording:
        return Said(False, f"{recorder.name} is stopped")
    if state.last == "Failure":
        return Said(False, f"{recorder.name} fails: {state.error or 'no reason given'}")
    if state.last not in ("Success", "NotApplicable"):
        return Said(None, f"{recorder.name} has recorded nothing yet ({state.last or 'no status'})")
    return Said(True, f"{recorder.name} records")


def _every_type(recorder: Recorder) -> Said:
    if not recorder.all_supported:
        left_out = f": not {_some(recorder.left_out)}" if recorder.left_out else ""
        return Said(False, f"{recorder.name} records some kinds of resources only{left_out}")
    how = "some once a day only" if recorder.daily else "as they change"
    return Said(not recorder.daily, f"{recorder.name} records all kinds of resources, {how}")


def _delivered(part: Detection) -> Said:
    channels = part.channels.get()
    failing = [f"{one.name}: {words}" for one in channels for words in one.failing]
    if failing:
        return Said(False, f"delivery fails: {'; '.join(failing)}")
    return Said(bool(channels), "delivers" if channels else "has no delivery channel")


# --- Access Analyzer ----------------------------------------------------------------------------------


def access_analysed(place: Here, context: Context) -> Judged:
    """DET-05. Access from outside is looked for, also unused access, and nobody left a finding lying."""
    analyzers = [one for one in context.part(Detection).analyzers.get() if one.active]
    external = [one for one in analyzers if one.external is not None]
    unused = [one for one in analyzers if one.kind.endswith("_UNUSED_ACCESS")]
    return weigh(
        [
            lambda: Said(bool(external), _named("access from outside", external)),
            lambda: Said(bool(unused), _named("unused access", unused)),
            *(partial(_attended, one) for one in external),
        ]
    )


def _named(what: str, analyzers: list[Analyzer]) -> str:
    if analyzers:
        return f"{_some(tuple(one.arn.rpartition('/')[2] for one in analyzers))} looks for {what}"
    return f"no analyzer of this account looks for {what} (one of another account's is not seen from here)"


def _attended(analyzer: Analyzer) -> Said:
    """What could not be analysed is no access, but may be one: it counts as open, too."""
    found: tuple[AccessFinding, ...] = () if analyzer.external is None else analyzer.external.get()
    if not found:
        return Said(True, "no finding of access from outside is open")
    names = _some(tuple(one.resource or one.id for one in found))
    return Said(False, f"{len(found)} open findings of access from outside: {names}")


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


# --- Macie --------------------------------------------------------------------------------------------


def data_classified(place: Here, context: Context) -> Judged:
    """DET-06."""
    macie = context.part(Detection).macie.get()
    if not macie.enabled:
        return failed("Macie is not enabled here, or paused")

    def discovers() -> Said:
        on = macie.discovery.get()
        return Said(on, f"automated discovery of sensitive data is {'on' if on else 'off'}")

    return weigh([lambda: Said(True, "Macie is on"), discovers])


CHECKS: Final[tuple[AnyCheck, ...]] = (
    Check("DET-01", _detectors, tells_in_time),
    Check("DET-02", _detectors, sees_everything),
    Check("DET-03", here, comes_together),
    Check("DET-04", here, configuration_recorded),
    Check("DET-05", here, access_analysed),
    Check("DET-06", here, data_classified),
)
