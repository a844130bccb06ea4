"""The documentation of each injection, item by item."""

from scrubjay.chart.audit.judge import ITEMS, Audit, Row, judge

__all__ = ["ITEMS", "Audit", "Row", "judge"]
