"""What nobody foresaw may hold a key: wherever it is told, the key is not."""

from __future__ import annotations

import logging

from socconsole.actor.carry_out import fault
from socconsole.aws.logs import Clean

SAID = "cannot parse <SecretAccessKey>wJalrXUtnFEMI/K7MDENG</SecretAccessKey>"


def test_a_fault_is_told_without_the_secret_in_it() -> None:
    try:
        raise ValueError(SAID)
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "source %s", ("hub",), (ValueError, error, None))
        told = (fault(error).why, Clean().format(record))
    for line in told:
        assert "wJalr" not in line
        assert "[hidden]" in line
