"""JSON with exact decimals: numbers are written as they stand, never by way of a float."""

from __future__ import annotations

import json
import secrets
from decimal import Decimal
from typing import Any


def dumps(value: Any, indent: int | None = 2) -> str:
    """Return JSON in which a :class:`~decimal.Decimal` is a number written digit for digit."""
    mark = f"decimal-{secrets.token_hex(8)}:"

    def shown(item: Any) -> str:
        if isinstance(item, Decimal):
            return mark + format(item, "f")
        raise TypeError(type(item).__name__)

    text = json.dumps(value, default=shown, indent=indent, ensure_ascii=False)
    pieces = text.split(f'"{mark}')
    return pieces[0] + "".join(piece.replace('"', "", 1) for piece in pieces[1:])
