"""SHS-07 and SHS-08: models in containers, of Amazon ECS and Amazon EKS.

Facts: what stands in a task definition's ``environment`` is plain text for whoever may describe it (ECS Developer
Guide, "Pass sensitive data to an Amazon ECS container"); a public API answers to every address unless blocks are named
(EKS API reference, ``VpcConfigResponse``); in EKS Auto Mode, and where the CNI is no add-on of EKS, Kubernetes alone
knows whether network policies are enforced.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from socconsole.model.estate.containers import Cluster, Container, Workload
from socconsole.model.known import NotRead, Unread
from socconsole.model.posture import Judged
from socconsole.posture import inference
from socconsole.posture.check import AnyCheck, Check, Context, Said, weigh
from socconsole.posture.inference import Serving, listed, sure
from socconsole.text import Untrusted

_SECRET: Final = re.compile(
    r"(^|_)(SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|(SECRET_)?ACCESS_?KEY(_ID)?|PRIVATE_?KEY|CREDENTIALS?|AUTH_DATA)(_|$)"
)
"""Names of variables that hold secrets; ``HF_TOKEN``, ``VLLM_API_KEY``, ``AWS_SECRET_ACCESS_KEY``."""


def contained(one: Serving[Workload], context: Context) -> Judged:
    """SHS-07. Every container of every definition that runs now."""

    def all_of(bad: Callable[[Container], str], good: str) -> Said:
        definitions = one.what.definitions.get()
        found = [f"{each.name} {words}" for part in definitions for each in part.containers if (words := bad(each))]
        return Said(not found, listed(dict.fromkeys(found)) if found else good)

    def no_address() -> Said:
        public = [each for host in inference.homes(one.what, context) for each in host.public]
        if one.what.public.get() or public:
            return Said(False, f"its tasks are on the internet: {listed(public) or 'they are given addresses'}")
        return Said(True, "its tasks have no address on the internet")

    return weigh(
        [
            partial(all_of, lambda each: "is privileged" if each.privileged else "", "no container is privileged"),
            partial(
                all_of,
                lambda each: "" if each.read_only else "may write to its root file system",
                "root file systems are read-only",
            ),
            partial(all_of, _secrets, "no secret stands in an environment"),
            partial(
                all_of, lambda each: "" if each.log_driver else "logs nowhere that is said", "every container logs"
            ),
            no_address,
        ]
    )


def _secrets(one: Container) -> str:
    found = [name for name in one.environment if _SECRET.search(name.upper())]
    return f"has {listed(found)} in plain text" if found else ""


def cluster_guarded(one: Serving[Cluster], context: Context) -> Judged:
    """SHS-08."""
    cluster = one.what

    def api() -> Said:
        sources = listed(cluster.public_from) or "everywhere"
        return Said(
            not cluster.public_api, f"its API is reached from {sources}" if cluster.public_api else "private API"
        )

    def audit() -> Said:
        on = ", ".join(sorted(cluster.logs)) or "none"
        return Said("audit" in cluster.logs, f"control plane logs that are on: {on}")

    def secrets() -> Said:
        key = cluster.secrets_key
        return Said(bool(key), f"secrets lie under {key}" if key else "secrets lie under no key of ours")

    def policies() -> Said:
        said = cluster.network_policy.get()
        if said is None or cluster.auto:
            why = "whether network policies are enforced is known to Kubernetes alone"
            raise NotRead(Unread("eks:DescribeAddon", Untrusted(why)))
        return Said(said, f"the VPC CNI {'enforces' if said else 'does not enforce'} network policies")

    return weigh([api, audit, secrets, policies])


CHECKS: Final[tuple[AnyCheck, ...]] = (
    Check("SHS-07", inference.workloads, sure(contained)),
    Check("SHS-08", inference.clusters, sure(cluster_guarded)),
)
