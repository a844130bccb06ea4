"""Totals, counts and numbers that follow from a change: CLM02, LX01 and SE01, each only where the change touches it.

What was wrong before is not put right here by the way: then the change is refused until that is mended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation

from scrubjay.fix.document import Document
from scrubjay.fix.patches import Address, Patch, Refused
from scrubjay.fix.placing import Placed, value_of

_CHARGE = Address("SV1", 2, 0)
_TOTAL = Address("CLM", 2, 0)
_NUMBER = Address("LX", 1, 0)
_COUNT = Address("SE", 1, 0)
_CLAIM_ENDS = frozenset({"CLM", "HL", "SE", "GE", "IEA"})


def follow(document: Document, placed: Sequence[Placed]) -> list[Placed]:
    """Return the further changes that keep claims and transactions whole.

    Raises :class:`Refused` where a claim would have no line left, or its total or a count was wrong before.
    """
    out: list[Placed] = []
    gone = {number: one for one in placed if one.address is None for number in one.segments}
    charged = {one.patch.segment: one for one in placed if one.address == _CHARGE}
    for claim, cause in _owners(document, "CLM", {**gone, **charged}):
        body = list(_until(document, claim, _CLAIM_ENDS))
        out += _total(document, claim, body, gone, charged, cause)
        out += _numbers(document, claim, body, gone, cause)
    for start, cause in _owners(document, "ST", gone):
        out += _count(document, start, gone, cause)
    return out


def _owners(document: Document, identifier: str, touched: dict[int, Placed]) -> Iterator[tuple[int, Placed]]:
    """Yield each claim or transaction with something touched in it, and the first of that."""
    seen = set()
    for number in sorted(touched):
        at = number
        stops = ("", "ISA") if identifier == "ST" else ("", "ISA", "ST", "HL")
        while (found := document.identifier(at)) != identifier and found not in stops:
            at -= 1
        if found == identifier and at not in seen:
            seen.add(at)
            yield at, touched[number]


def _until(document: Document, start: int, ends: frozenset[str]) -> Iterator[int]:
    """Yield the numbers behind a segment up to one of the identifiers, that one not included."""
    at = start + 1
    while document.identifier(at) not in ("", *ends):
        yield at
        at += 1


def _element(document: Document, number: int, address: Address) -> str:
    segment = document.segment(number)
    return value_of(segment, address) if segment is not None else ""


def _follows(document: Document, number: int, address: Address, new: str, cause: Placed) -> Iterator[Placed]:
    written = _element(document, number, address)
    if written != new:
        patch = Patch(number, f"{address.segment}{address.element:02d}", written, new)
        yield Placed(patch, address, written, range(number, number + 1), cause.cause, follows=True)


def _total(
    document: Document,
    claim: int,
    body: list[int],
    gone: dict[int, Placed],
    charged: dict[int, Placed],
    cause: Placed,
) -> Iterator[Placed]:
    """The total of a claim follows from its lines."""
    lines = [number for number in body if document.identifier(number) == "SV1"]
    kept = [number for number in lines if number not in gone]
    name = _element(document, claim, Address("CLM", 1, 0))
    if not kept:
        raise Refused(f"{cause.cause.place}: claim {name} would have no service line left; take the claim out instead")
    if len(kept) == len(lines) and not charged.keys() & set(lines):
        return
    written = _element(document, claim, _TOTAL)
    before = {number: _money(_element(document, number, _CHARGE)) for number in lines}
    after = {number: before[number] for number in kept}
    for number in charged.keys() & set(kept):
        after[number] = _money(charged[number].patch.new or "")
    old, new, stated = _sum(before), _sum(after), _money(written)
    if old is None or new is None or stated != old:
        raise Refused(
            f"{cause.cause.place}: claim {name} does not balance or has a charge that cannot be read; mend that first"
        )
    if new != old:
        yield from _follows(document, claim, _TOTAL, _like(written, new), cause)


def _sum(amounts: dict[int, Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts.values() if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _money(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _like(written: str, value: Decimal) -> str:
    """Return an amount in the style of another: with as many decimals, or with none that are zeros."""
    _, point, decimals = written.partition(".")
    if point and len(decimals) >= -int(value.as_tuple().exponent):
        return f"{value:.{len(decimals)}f}"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _numbers(
    document: Document, claim: int, body: list[int], gone: dict[int, Placed], cause: Placed
) -> Iterator[Placed]:
    """Lines are numbered 1, 2, 3; lines that were not are left as they are."""
    lines = [number for number in body if document.identifier(number) == "LX"]
    kept = [number for number in lines if number not in gone]
    ordered = all(_element(document, number, _NUMBER) == str(k) for k, number in enumerate(lines, start=1))
    if len(kept) < len(lines) and ordered:
        for k, number in enumerate(kept, start=1):
            yield from _follows(document, number, _NUMBER, str(k), cause)


def _count(document: Document, start: int, gone: dict[int, Placed], cause: Placed) -> Iterator[Placed]:
    """SE01 counts the segments from ST to SE."""
    end = start + 1 + sum(1 for _ in _until(document, start, frozenset({"SE"})))
    written = _element(document, end, _COUNT)
    total = end - start + 1
    if not written.isdigit() or int(written) != total:
        raise Refused(f"{cause.cause.place}: SE01 of this transaction does not count its segments; mend ENV08 first")
    left = total - sum(1 for number in gone if start < number < end)
    yield from _follows(document, end, _COUNT, str(left).zfill(len(written)) if written[0] == "0" else str(left), cause)
