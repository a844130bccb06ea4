"""FHIR R4 charts: a Bundle, one resource or NDJSON becomes the encounter document."""
