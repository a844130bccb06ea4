"""X12 out of an answer: envelope, counts, and text that no delimiter cuts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from scrubjay.acknowledge.about import Acknowledged

_FORBIDDEN = str.maketrans(dict.fromkeys("*~:^|\n\r", " "))


def word(text: str, default: str, most: int = 60) -> str:
    """Return text without delimiters and not longer than its element; ``default`` where nothing is left."""
    clean = "".join(c if " " <= c <= "~" else " " for c in text.translate(_FORBIDDEN))
    return clean.strip()[:most] or default


def money(cents: int) -> str:
    """Write cents without trailing zeros, no point for whole dollars."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    text = f"{cents // 100}.{cents % 100:02d}" if cents % 100 else str(cents // 100)
    return sign + (text.rstrip("0") if "." in text else text)


def envelope(answered: Acknowledged, kind: str, version: str, day: dt.date, sets: Iterable[list[str]]) -> Iterator[str]:
    """Yield the segments of an interchange that answers another: sender and receiver change places.

    ``kind`` is GS01; every set is its segments from ST on, without SE.  Control numbers are those of the interchange
    answered and a running number, so that equal inputs give equal bytes.
    """
    control = answered.control if answered.control.isdecimal() and len(answered.control) == 9 else "000000001"
    stamp = f"{day:%Y%m%d}"
    group = answered.groups[0] if answered.groups else None
    sender = word(group.receiver if group else answered.receiver[1], "RECEIVER", 15)
    receiver = word(group.sender if group else answered.sender[1], "SENDER", 15)
    usage = answered.usage if answered.usage in ("P", "T") else "P"
    yield (
        f"ISA*00*{'':10}*00*{'':10}*{word(answered.receiver[0], 'ZZ', 2)}*{word(answered.receiver[1], 'RECEIVER', 15):15}*"
        f"{word(answered.sender[0], 'ZZ', 2)}*{word(answered.sender[1], 'SENDER', 15):15}*{stamp[2:]}*0000*^*00501*"
        f"{control}*0*{usage}*:~\n"
    )
    number = str(int(control))
    yield f"GS*{kind}*{sender}*{receiver}*{stamp}*0000*{number}*X*{version}~\n"
    count = 0
    for segments in sets:
        count += 1
        for segment in segments:
            yield segment + "~\n"
        yield f"SE*{len(segments) + 1}*{count:04d}~\n"
    yield f"GE*{count}*{number}~\nIEA*1*{control}~\n"
