"""Relaxed candidates as OPTIMADE structures."""
