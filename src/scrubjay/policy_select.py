"""Which policy a claim falls under: payer id, else payer name, else the claim filing indicator (SBR09)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from scrubjay.errors import PolicyError
from scrubjay.policy_layer import Selector

DEFAULT = "generic"


def choose(
    selectors: Sequence[Selector], depth: Mapping[str, int], payer_id: str, payer_name: str, filing_code: str
) -> str:
    """Return the policy of a claim; ``generic`` when nothing speaks of its payer.

    Where several policies list the same id or match the same name, a practice's own file is preferred, then the policy
    whose ``when_filing`` holds the claim's SBR09, then the more special one (``depth`` counts its layers).
    """
    payer_id, payer_name, filing = payer_id.strip().upper(), payer_name.strip(), filing_code.strip().upper()

    def best(matches: Callable[[Selector], bool]) -> str | None:
        def order(selector: Selector) -> tuple[bool, int, int, str]:
            fit = 1 if not selector.when_filing else 0 if filing in selector.when_filing else 2
            return not selector.user, fit, -depth[selector.policy], selector.policy

        found = [s for s in selectors if matches(s)]
        return min(found, key=order).policy if found else None

    by_id = best(lambda s: payer_id in s.ids) if payer_id else None
    by_name = best(lambda s: any(p.search(payer_name) for p in s.names)) if by_id is None and payer_name else None
    return by_id or by_name or best(lambda s: filing in s.filing) or DEFAULT


def refuse_twins(selectors: Iterable[Selector]) -> None:
    """Raise PolicyError where two policies list the same id or SBR09 value and nothing settles which is meant."""
    owners: dict[tuple[str, str, bool], str] = {}
    for selector in selectors:
        claims = [(payer_id, filing) for payer_id in selector.ids for filing in selector.when_filing or {""}]
        claims += [("", filing) for filing in selector.filing]
        for payer_id, filing in claims:
            owner = owners.setdefault((payer_id, filing, selector.user), selector.policy)
            if owner != selector.policy:
                what = f"payer id {payer_id}" if payer_id else f"filing code {filing}"
                raise PolicyError(f"{what} is listed by both {owner} and {selector.policy}")
