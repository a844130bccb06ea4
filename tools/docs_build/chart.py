"""The schemas of the chart's documents, written from their models."""

from __future__ import annotations

import json

from docs_build.common import Facts
from scrubjay.chart import model


def pages(facts: Facts) -> dict[str, str]:
    """Return the schema files by name."""
    return {"encounter.schema.json": json.dumps(model.schema(), indent=1, ensure_ascii=False) + "\n"}
