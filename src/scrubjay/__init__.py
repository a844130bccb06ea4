"""Scrubjay, a linter for professional medical claims.

>>> import scrubjay
>>> report = scrubjay.check("batch.837")        # doctest: +SKIP
>>> report.summary["clean_claims"]              # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrubjay._version import __version__
from scrubjay.errors import InputError, PolicyError, ReferenceDataError, ScrubjayError

if TYPE_CHECKING:
    from scrubjay.checker import check
    from scrubjay.report import Report

__all__ = ["InputError", "PolicyError", "ReferenceDataError", "Report", "ScrubjayError", "__version__", "check"]


def __getattr__(name: str) -> Any:
    # The engine brings Polars along; listing edits or explaining a code must not wait for it.
    if name == "check":
        from scrubjay.checker import check

        return check
    if name == "Report":
        from scrubjay.report import Report

        return Report
    raise AttributeError(f"module 'scrubjay' has no attribute {name!r}")
