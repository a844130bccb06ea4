"""The policy under which no edit is off: what would be found if every edit spoke."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from scrubjay.policy import PolicySet

OFF = "off"
"""The level of a hit that the payer's policy does not show."""


@lru_cache(maxsize=4)
def nothing_off(policy: PolicySet) -> PolicySet:
    """Return the same policies with every rule of level off at level info."""
    layers = tuple(
        replace(
            layer,
            settings=tuple(
                replace(s, value="info") if s.kind == "rule" and s.value == OFF else s for s in layer.settings
            ),
        )
        for layer in policy.layers
    )
    return replace(policy, layers=layers, _frames={})
