"""Questions to flow logs, and what their answers mean."""

from __future__ import annotations

import pytest

from socconsole.triage import flow_query
from socconsole.triage.flow_query import UPLOAD_LEAST, Unaskable

HOST, PEER = "10.20.4.17", "203.0.113.9"


def row(**over: str) -> dict[str, str]:
    return {
        "srcaddr": HOST, "dstaddr": PEER, "action": "ACCEPT", "log_status": "OK", "volume": "1000", "flows": "2",
        "port": "443", "first": "1795400000000", "last": "1795400060000", **over,
    }  # fmt: skip


def test_a_query_is_made_of_the_logs_own_fields() -> None:
    text = flow_query.query("${interface-id} ${srcaddr} ${dstaddr} ${bytes} ${pkt-dstaddr}", ["eni-1", "eni-2"])
    assert 'parse @message "* * * * *" as interface_id, srcaddr, dstaddr, bytes, pkt_dstaddr' in text
    assert 'filter interface_id in ["eni-1", "eni-2"]' in text
    assert "by srcaddr, dstaddr, pkt_dstaddr" in text
    assert "dstport" not in text
    assert len(flow_query.query("", [f"eni-{n:017x}" for n in range(1_000)])) < 10_000


@pytest.mark.parametrize("fields", ["${srcaddr} ${dstaddr}", "${bytes} ${dstaddr} ${interface-id}"])
def test_a_log_that_cannot_tell_is_not_asked(fields: str) -> None:
    with pytest.raises(Unaskable, match="lacks"):
        flow_query.query(fields)


def test_both_directions_of_a_peer_are_joined_and_uploads_stand_out() -> None:
    reading = flow_query.read(
        [
            row(volume=str(UPLOAD_LEAST)),
            row(srcaddr=PEER, dstaddr=HOST, volume="5000", port="51000"),
            row(srcaddr=PEER, dstaddr=HOST, action="REJECT", flows="7"),
            row(dstaddr="198.51.100.7", volume="10"),
        ]
    )
    first, second = reading.peers
    assert (first.address, first.port, first.out, first.into, first.refused) == (PEER, 443, UPLOAD_LEAST, 5000, 7)
    assert first.uploads
    assert not second.uploads
    assert first.new is None


def test_behind_a_gateway_the_packets_own_ends_count() -> None:
    through = row(dstaddr="10.20.0.5", pkt_srcaddr=HOST, pkt_dstaddr=PEER)
    (peer,) = flow_query.read([through]).peers
    assert (peer.address, peer.hosts) == (PEER, (HOST,))


def test_what_was_not_recorded_is_counted_and_inside_traffic_is_not() -> None:
    lost = row(log_status="SKIPDATA", srcaddr="-", dstaddr="-", flows="3")
    reading = flow_query.read([lost, row(dstaddr="10.20.9.9"), row(srcaddr="-", dstaddr="-", log_status="NODATA")])
    assert (reading.peers, reading.lost) == ((), 3)


def test_a_peer_is_new_when_the_weeks_before_do_not_know_it() -> None:
    known = flow_query.addresses([{"dstaddr": "198.51.100.7"}, {"dstaddr": "10.0.0.1"}, {"dstaddr": "junk"}])
    assert known == {"198.51.100.7"}
    reading = flow_query.read([row(), row(dstaddr="198.51.100.7")], known)
    assert {one.address: one.new for one in reading.peers} == {PEER: True, "198.51.100.7": False}


def test_a_hostile_row_is_no_peer() -> None:
    assert flow_query.read([row(dstaddr="\x1b]52;c;aGk=\x07", volume="nan"), {}]).peers == ()
