"""An actor that reaches no AWS: it says what it was told to say, over the real pipes.

Every request is appended to the file in ``FAKE_ACTOR_JOURNAL``, so that a test can say what was asked for.
"""

import json
import os
import sys
import time
from typing import Any


def say(**reply: Any) -> None:
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


PLAN: dict[str, Any] = {
    "action": "s3-block-public",
    "target": "arn:aws:s3:::llm-corpus-prod",
    "account": "111122223333",
    "region": "eu-central-1",
    "helps": True,
    "why": "anyone may read it: the policy grants s3:GetObject to *",
    "calls": [
        {
            "service": "s3",
            "operation": "PutPublicAccessBlock",
            "params": {
                "Bucket": "llm-corpus-prod",
                "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
            },
        }
    ],
    "before": {"BlockPublicAcls": False},
    "after": {"BlockPublicAcls": True},
    "stops": "anonymous reads through the policy and the ACLs",
    "does_not_stop": "accounts that are named in the policy",
    "blast_radius": "public readers of this bucket",
    "reversible": "yes",
    "warnings": ["a web site serves from this bucket"],
    "permitted": "likely",
}


def main() -> None:
    journal = os.environ.get("FAKE_ACTOR_JOURNAL", os.devnull)
    mode = os.environ.get("FAKE_ACTOR_MODE", "TRIAGE")
    unread, failed, closed = 0, False, False
    say(say="ready", mode=mode, analyst="oncall1")
    for line in sys.stdin:
        asked = json.loads(line)
        n, request = asked["n"], asked["request"]
        with open(journal, "a", encoding="utf-8") as file:
            file.write(json.dumps(request) + "\n")
        match request["do"]:
            case "respond" if request["reason"] == "die":
                os._exit(7)
            case "respond" if request["reason"] == "hang":
                time.sleep(600)
            case "respond" if request["reason"] == "garble":
                sys.stdout.write("not json\n")
                say(say="modeis", n=n, mode=mode)
            case "respond":
                mode = "RESPOND"
                say(say="modeis", n=n, mode=mode)
            case "standdown":
                mode = "TRIAGE"
                say(say="modeis", n=n, mode=mode)
            case "offer":
                other = {**PLAN, "action": "s3-deny-account", "helps": False, "why": "no account is named"}
                held = {"id": "a-1", "since": "2026-11-23T23:31:07Z", "state": "applied"}
                why = "would change nothing here: public access is blocked already"
                first = {**PLAN, "helps": False, "why": why, "in_force": held} if closed else PLAN
                ids = request["findings"]
                plans = [{**one, "finding": ids[-1], "fits": ids, "blocks": ids[1:]} for one in (first, other)]
                say(say="offered", n=n, plans=plans, looked_at=len(ids))
            case "plancontain" if request["action"] == "useless":
                say(say="planned", n=n, plan={**PLAN, "helps": False}, confirm="b", aws_lines=[])
            case "plancontain" if request["action"] == "wide":
                wide = {**PLAN, "action": "wide", "wide": True, "second_person": True}
                say(say="planned", n=n, plan=wide, confirm=PLAN["target"], aws_lines=[])
            case "plancontain" if request["action"] == "unreadable":
                unread += 1
                if unread == 1:
                    say(say="failed", n=n, kind="aws", why="s3:GetBucketPolicy timed out", aws_lines=[])
                else:
                    say(say="planned", n=n, plan={**PLAN, "action": "unreadable"}, confirm="s-prod", aws_lines=[])
            case "plancontain" if request["action"] == "flaky":
                say(say="planned", n=n, plan={**PLAN, "action": "flaky"}, confirm="s-prod", aws_lines=[])
            case "plancontain":
                say(
                    say="planned",
                    n=n,
                    plan=PLAN,
                    confirm="s-prod",
                    aws_lines=["aws s3api put-public-access-block"],
                )
            case "contain" if mode != "RESPOND":
                say(say="failed", n=n, kind="refused", why="not in RESPOND", aws_lines=["aws s3api …"])
            case "contain" if request["action"] == "flaky" and not failed:
                failed = True
                say(say="failed", n=n, kind="aws", why="sts:AssumeRole was throttled", aws_lines=[])
            case "contain" if request["action"] == "wide" and not (request["approval"] or request["break_glass"]):
                why, line = "a second person has to approve it", "socconsole-proposal." + 300 * "eN"
                say(say="failed", n=n, kind="refused", why=why, aws_lines=[], proposal=line)
            case "contain":
                closed = True
                say(say="progress", n=n, done=1, total=3, text="intent recorded")
                say(say="progress", n=n, done=2, total=3, text="read back: blocked")
                verified = [["at once", True], ["15 s", True], ["60 s", True]]
                outcome = {"action_id": "a-1", "state": "applied", "verified": verified, "ledger": 12}
                say(say="done", n=n, outcome=outcome)
            case "planundo":
                plan = {**PLAN, "before": PLAN["after"], "after": PLAN["before"], "re_exposes": True}
                say(say="planned", n=n, plan=plan, confirm="s-prod", aws_lines=[])
            case "undo":
                say(
                    say="done",
                    n=n,
                    outcome={"action_id": "a-2", "state": "applied", "verified": [], "ledger": 14},
                )
            case "proveresponder":
                until = "was had now; your own credentials of now end at 2026-11-24T07:00:00Z: sign in anew before then"
                say(say="proven", n=n, sessions=[{"account": "111122223333", "state": "READY", "detail": until}])
            case "send":
                say(say="sent", n=n, sent=1, failed=0, overtaken=0, waiting=0)


main()
