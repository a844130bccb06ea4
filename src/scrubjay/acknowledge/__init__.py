"""Answers of a clearinghouse to an 837P: the 999 about its form, the 277CA about its claims, from the findings of a check."""

from scrubjay.acknowledge.about import Acknowledged, about
from scrubjay.acknowledge.ack277 import ack277
from scrubjay.acknowledge.ack999 import ack999

__all__ = ["Acknowledged", "about", "ack277", "ack999"]
