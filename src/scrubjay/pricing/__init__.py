"""What Medicare would allow for a service line, and so what a finding puts at risk."""

from scrubjay.pricing.basis import ESTIMATE
from scrubjay.pricing.estimate import estimate_lines
from scrubjay.pricing.one import Price, Shares, price_of, shares
from scrubjay.pricing.risk import with_estimates

__all__ = ["ESTIMATE", "Price", "Shares", "estimate_lines", "price_of", "shares", "with_estimates"]
