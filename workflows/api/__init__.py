"""The web service: REST, OPTIMADE, health, metrics, and the pages that people read."""
