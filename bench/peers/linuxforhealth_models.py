"""Peer: linuxforhealth-x12, which turns each transaction set into Pydantic models.  Prints the number of claims.

It validates a transaction set as a whole and refuses all of it for one claim that does not balance, so it is given a
file without planted faults.  Runs in the environment of the peers, not in Scrubjay's.
"""

from __future__ import annotations

import sys
from typing import Any

from linuxforhealth.x12.io import X12ModelReader


def claims_of(subscriber: Any) -> int:
    """Count the claims of a subscriber and of its dependants."""
    dependants = getattr(subscriber, "loop_2000c", None) or []
    return len(subscriber.loop_2300 or []) + sum(len(dependant.loop_2300 or []) for dependant in dependants)


def main() -> None:
    """Read every transaction set of a file."""
    claims = 0
    with X12ModelReader(sys.argv[1]) as reader:
        for model in reader.models():
            claims += sum(claims_of(subscriber) for billing in model.loop_2000a for subscriber in billing.loop_2000b)
    print(claims)


if __name__ == "__main__":
    main()
