"""Relaxation of many crystals at once, none of which can harm another."""
