"""Peer: ``bytes.split`` alone, the least any Python reader of X12 does.  Prints the number of CLM segments."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Split a whole file into segments and elements and count the claims."""
    data = Path(sys.argv[1]).read_bytes()
    element, terminator = data[3:4], data[105:106]
    claims = 0
    for segment in data.split(terminator):
        if segment.lstrip().split(element)[0] == b"CLM":
            claims += 1
    print(claims)


if __name__ == "__main__":
    main()
