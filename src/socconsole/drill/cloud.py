"""One embedded AWS: moto, our corrections, its clock, ids, journal, faults and the scenario's state.

moto keeps its state in the process, so there is one ``Cloud`` a process; a second one waits until the first
is closed, and building one starts from an empty AWS.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

# Before moto is imported: 1,301 machine images nobody looks at cost two seconds of the first EC2 call.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")

import moto.backends
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from socconsole.drill import (
    accessanalyzer,
    agentcore,
    alarmapi,
    alarmreading,
    anomaly,
    automation,
    awsconfig,
    bedrock,
    bedrock_bases,
    bedrock_models,
    cloudtrail,
    cloudwatch,
    costs,
    detectors,
    ec2,
    ecs,
    eks,
    flowlogs,
    guardduty,
    guardrails,
    hubadmin,
    hubrules,
    hubv2,
    iam,
    iamcheck,
    iammanaged,
    insights,
    kms,
    macie,
    organizations,
    resolver,
    s3,
    s3metrics,
    sagemaker,
    securityhub,
    sts,
    topics,
    trails,
    vpc_block,
)
from socconsole.drill.alarms import Alarms
from socconsole.drill.clock import Clock
from socconsole.drill.delivery import Delivery
from socconsole.drill.faults import Faults
from socconsole.drill.flows import Flows
from socconsole.drill.gateway import Gateway
from socconsole.drill.guardduty import Detectors
from socconsole.drill.hands import Hands
from socconsole.drill.hubstore import HubStore
from socconsole.drill.ids import Ids
from socconsole.drill.journal import Journal
from socconsole.drill.metrics import Metrics
from socconsole.drill.principals import Directory
from socconsole.drill.routes import Routes
from socconsole.drill.slow import Slow
from socconsole.drill.traffic import Traffic
from socconsole.drill.vpc_block import VpcBlocks

_one = threading.Lock()


class Cloud:
    def __init__(self, seed: int, clock: Clock, token: str = "") -> None:
        if not _one.acquire(blocking=False):
            raise RuntimeError("this process has an embedded AWS already: close it first")
        moto_api_backend.reset()
        mock_random.seed(seed)
        self.ids = Ids(seed)
        self.clock = clock
        self.token = token or self.ids.hex("control-token")
        self.journal = Journal()
        self.faults = Faults()
        self.directory = Directory(self.ids.digest("sessions"))
        self.hubs = HubStore()
        self.detectors = Detectors()
        self.analyzers: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        """Access Analyzer's, by place and ARN."""
        self.macie: dict[tuple[str, str], dict[str, Any]] = {}
        """By place, where it is enabled."""
        self.hubs_v2: dict[tuple[str, str], datetime] = {}
        """Security Hub (V2): since when, by place."""
        self.slow = Slow(clock)
        self.runs = automation.Runs()
        self.vpc_blocks = VpcBlocks()
        self.flows = Flows(self)
        self.delivery = Delivery(self)
        self.traffic = Traffic(self)
        self.metrics = Metrics(self)
        self.flow_logs = flowlogs.FlowLogs(self)
        self.queries = insights.Queries()
        self.alarms = Alarms(self)
        self.estate_done = 0
        """Number of the last request that built the estate: the trail begins after it."""
        self.scores: Callable[[], dict[str, Any]] = dict
        """What has left by which path; the engine puts its own here."""
        self.scenario_name = ""
        self.accounts: dict[str, str] = {}
        """Account id → name, the first one being the analyst's."""
        self.gateway = Gateway(_moto(), _routes())
        self.gateway.cloud = self
        self.hands = Hands(self.gateway)
        self._closed = False

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.journal.close()
            _one.release()


@cache
def _moto() -> Any:
    """moto's web application; it holds no state of its own, only the backends do."""
    # It lists its own folder for every request, which is a fifth of the time that an estate takes to build.
    modules = tuple(moto.backends.list_of_moto_modules())
    moto.backends.list_of_moto_modules = lambda: modules
    return DomainDispatcherApplication(create_backend_app)


def _routes() -> Routes:
    routes = Routes()
    for module in (
        automation,
        sts,
        iamcheck,
        securityhub,
        hubadmin,
        guardduty,
        cloudtrail,
        cloudwatch,
        alarmapi,
        alarmreading,
        anomaly,
        flowlogs,
        insights,
        s3,
        s3metrics,
        kms,
        trails,
        sagemaker,
        iam,
        iammanaged,
        bedrock,
        bedrock_bases,
        bedrock_models,
        guardrails,
        agentcore,
        ec2,
        ecs,
        eks,
        vpc_block,
        resolver,
        topics,
        hubv2,
        organizations,
        detectors,
        hubrules,
        awsconfig,
        accessanalyzer,
        costs,
        macie,
    ):
        routes.include(module.routes)
    return routes
