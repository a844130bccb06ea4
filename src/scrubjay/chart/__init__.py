"""Reading the chart: note text, FHIR and encounter documents become one shape, and its documentation is judged."""
