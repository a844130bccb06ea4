"""The schemas of the chart's documents, written from their models."""

from __future__ import annotations

import json

from docs_build.common import Facts
from scrubjay.chart import model
from scrubjay.chart.audit import document


def pages(facts: Facts) -> dict[str, str]:
    """Return the schema files by name."""
    schemas = {"encounter": model.schema(), "audit": document.schema()}
    return {
        f"{name}.schema.json": json.dumps(found, indent=1, ensure_ascii=False) + "\n" for name, found in schemas.items()
    }
