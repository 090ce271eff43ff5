"""BR-01 to BR-03, BR-05, BR-06, BR-09: what is written down of prompts, what guards models, whom and which keys they
know. Agents are judged in ``bedrock_agents``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, TypeVar

from socconsole.model.estate.bedrock import (
    ApiKey,
    Bedrock,
    CustomModel,
    DataSource,
    Guardrail,
    InvocationLogging,
    KnowledgeBase,
    Prompt,
)
from socconsole.model.estate.listed import Listed
from socconsole.model.estate.policy import Policy
from socconsole.model.estate.storage import Storage
from socconsole.model.known import Known, Read, Unread
from socconsole.model.posture import Judged
from socconsole.posture import bedrock_agents
from socconsole.posture.check import AnyCheck, Check, Condition, Context, Here, Said, here, passed, weigh
from socconsole.posture.principals import house, outsiders
from socconsole.posture.sagemaker import bucket_of, closed_bucket, own_key
from socconsole.posture.storage import let_in
from socconsole.posture.storage import own_key as bucket_key
from socconsole.text import clean

T = TypeVar("T")


def _part(context: Context) -> Bedrock:
    return context.part(Bedrock)


def _each(listed: Read[tuple[T, ...]], what: str, judge: Callable[[T], Said]) -> Iterator[Condition]:
    """One condition of each, and that all of them are known."""
    yield lambda: Said(True, f"{what}: {len(listed.get())}")
    for one in () if isinstance(listed, Unread) else listed.value:
        yield partial(judge, one)


# ---- BR-01, BR-02: what is written down


def written_down(place: Here, context: Context) -> Judged:
    """BR-01. A region that nobody uses is no exception: it is where stolen credentials are used."""
    logging = _part(context).logging.get()
    if logging is None:
        return weigh([lambda: Said(False, "invocation logging is off: nobody sees what models are asked")])
    where = [
        *([partial(_to_group, logging.group, context)] if logging.group else ()),
        *(partial(_to_bucket, name, context) for name in logging.buckets),
    ]
    return weigh([*(where or [_nowhere]), partial(_text, logging)])


def _nowhere() -> Said:
    return Said(False, "invocations are written nowhere")


def _to_group(name: str, context: Context) -> Said:
    """The configuration outlives what it names: then Bedrock drops what it has to write."""
    return _written_to(f"the log group {name}", _part(context).log_group.get() is not None)


def _to_bucket(name: str, context: Context) -> Said:
    """Only destinations of the same account and Region are taken (Bedrock User Guide, "Monitor model invocation")."""
    return _written_to(f"s3://{name}", any(one.name == name for one in context.part(Storage).buckets.get()))


def _written_to(where: str, there: bool) -> Said:
    return Said(there, f"invocations are written to {where}{'' if there else ', which is not there'}")


def _text(logging: InvocationLogging) -> Said:
    if logging.text is None:
        return Said(None, "whether texts are among it AWS does not say")
    return Said(logging.text, f"texts are {'' if logging.text else 'not '}among it")


def _if_logged(context: Context) -> Read[tuple[Here, ...]]:
    """Where nothing is written down there is nothing to protect: that is BR-01's."""
    logging = _part(context).logging
    return here(context) if isinstance(logging, Unread) or logging.value is not None else Known(())


def logs_protected(place: Here, context: Context) -> Judged:
    """BR-02."""
    return weigh(_logs(_part(context), context))


def _logs(part: Bedrock, context: Context) -> Iterator[Condition]:
    logging = part.logging.get()
    if logging is not None and logging.group:
        yield lambda: _group(part, context)
    for name in logging.buckets if logging else ():
        yield from closed_bucket(name, context)
        bucket = bucket_of(name, context)
        if not isinstance(bucket, Unread):
            yield from bucket_key(bucket, context)


def _group(part: Bedrock, context: Context) -> Said:
    group = part.log_group.get()
    if group is None:
        return Said(None, "the log group is not there")
    return own_key(f"the log group {group.name} is", group.key, context)


# ---- BR-03: guardrails


def guarded(place: Here, context: Context) -> Judged:
    """BR-03. One that callers have to ask for they may leave out; an enforced one they cannot."""
    return weigh(_guarded(_part(context)))


def _guarded(part: Bedrock) -> Iterator[Condition]:
    yield lambda: _enforced(part)
    yield from _each(part.enforced, "enforced guardrails", lambda one: _strict(one.told.get()))
    yield from _each(part.guardrails, "guardrails", lambda one: _strict(one.told.get()))


def _enforced(part: Bedrock) -> Said:
    found = part.enforced.get()
    for one in found:
        if one.everywhere and not one.marked:
            return Said(True, f"{one.guardrail} version {one.version} is enforced on every model")
    if any(one.everywhere for one in found):
        return Said(False, f"{found[0].guardrail} looks at what callers mark: whoever marks nothing leaves it out")
    if found:
        return Said(False, f"{found[0].guardrail} is enforced on some models only")
    return Said(False, "no guardrail is enforced: whoever calls a model may leave it out")


def _strict(one: Guardrail) -> Said:
    pii = ", ".join(one.pii[:4]) + (" …" if len(one.pii) > 4 else "")
    attacks = f"prompt attacks at strength {one.prompt_attack}" if one.prompt_attack else "no prompt attacks"
    return Said(
        one.status == "READY" and bool(one.pii) and one.prompt_attack == "HIGH",
        f"{clean(one.name, 80)} version {one.version} is {one.status}, hides {pii or 'no personal data'} "
        f"and blocks {attacks}",
    )


# ---- BR-05: keys that anybody can carry off


def short_lived(key: ApiKey, context: Context) -> Judged:
    """BR-05. A long-term key is for trying things out (Amazon Bedrock User Guide, "API keys")."""
    gone = key.expires is not None and key.expires <= context.now
    if gone or not key.active:
        return passed(f"the key of {key.user} {'has expired' if gone else 'is inactive'}")
    until = f"until {key.expires:%Y-%m-%d}" if key.expires else "and never expires"
    return weigh([lambda: Said(False, f"a long-term Bedrock key of {key.user} is active {until}")])


# ---- BR-06: keys of one's own


def encrypted(place: Here, context: Context) -> Judged:
    """BR-06."""
    return weigh(_encrypted(_part(context), context))


def _anything(context: Context) -> Read[tuple[Here, ...]]:
    part = _part(context)
    listed = (part.custom_models, part.knowledge_bases, part.prompts)
    if all(not isinstance(one, Unread) and not one.value for one in listed):
        return Known(())
    return here(context)


def _encrypted(part: Bedrock, context: Context) -> Iterator[Condition]:
    yield from _each(part.custom_models, "custom models", partial(_model_key, context))
    yield from _each(part.prompts, "prompts", partial(_prompt_key, context))
    yield from _each(part.knowledge_bases, "knowledge bases", partial(_managed_key, context))
    for base in () if isinstance(part.knowledge_bases, Unread) else part.knowledge_bases.value:
        if not isinstance(base.told, Unread):  # else it is UNKNOWN already
            name = clean(base.told.value.name, 80)
            yield from _each(base.told.value.sources, f"sources of {name}", partial(_source_key, context, name))


def _model_key(context: Context, model: Listed[CustomModel]) -> Said:
    return own_key(f"the custom model {model.name} is", model.told.get().key, context)


def _prompt_key(context: Context, prompt: Listed[Prompt]) -> Said:
    told = prompt.told.get()
    return own_key(f"the prompt {clean(told.name, 80)} is", told.key, context)


def _managed_key(context: Context, base: Listed[KnowledgeBase]) -> Said:
    """Where vectors lie in somebody's own storage, that has its own checks."""
    told = base.told.get()
    name = f"the knowledge base {clean(told.name, 80)}"
    if told.storage:
        return Said(True, f"{name} keeps its vectors in {', '.join(told.storage)}")
    return own_key(f"what {name} keeps is", told.key, context)


def _source_key(context: Context, base: str, source: Listed[DataSource]) -> Said:
    told = source.told.get()
    return own_key(f"what the knowledge base {base} takes in from {clean(told.name, 80)} is", told.key, context)


# ---- BR-09: who else may


def for_us_alone(place: Here, context: Context) -> Judged:
    """BR-09."""
    return weigh(_alone(_part(context), context))


def _alone(part: Bedrock, context: Context) -> Iterator[Condition]:
    yield lambda: _full_access(part)
    yield from _each(part.custom_models, "custom models", lambda one: _shared(one, one.told.get().policy, context))
    yield from _each(part.guardrails, "guardrails", lambda one: _shared(one, one.told.get().policy, context))


def _full_access(part: Bedrock) -> Said:
    found = part.full_access.get()
    if found is None:
        return Said(True, "who has AmazonBedrockFullAccess is said with the account's first region")
    holders = [f"{kind} {name}" for kind in ("user", "role", "group") for name in getattr(found, f"{kind}s")]
    whom = ", ".join(holders[:4]) + (" …" if len(holders) > 4 else "")
    return Said(not holders, f"AmazonBedrockFullAccess is attached to {whom or 'nobody'}")


def _shared(one: Listed[Any], policy: Read[Policy | None], context: Context) -> Said:
    said = policy.get()
    if said is None:
        return Said(True, f"{one.name} has no policy")
    return let_in(f"the policy of {one.name}", outsiders(said, house(context), "bedrock", (one.arn,)))


CHECKS: Final[tuple[AnyCheck, ...]] = (
    Check("BR-01", here, written_down),
    Check("BR-02", _if_logged, logs_protected),
    Check("BR-03", here, guarded),
    Check("BR-04", lambda context: _part(context).agents, bedrock_agents.bounded),
    Check("BR-05", lambda context: _part(context).keys, short_lived),
    Check("BR-06", _anything, encrypted),
    Check("BR-09", here, for_us_alone),
    Check("BR-10", lambda context: _part(context).runtimes, bedrock_agents.in_vpc),
)
