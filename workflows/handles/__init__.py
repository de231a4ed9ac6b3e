"""Stored campaigns as objects for notebooks and scripts."""
