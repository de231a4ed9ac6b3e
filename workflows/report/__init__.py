"""The campaign's results as a web page."""
