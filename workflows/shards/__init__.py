"""Relaxing many crystals under leases: asking, claiming, flying, storing, handing back."""
