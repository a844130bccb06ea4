"""The catalogue, one file per family; :func:`scrubjay.edit.catalogue` imports them all."""
