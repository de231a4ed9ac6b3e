"""Crystals as tensors: batches, neighbor lists, and the door to other structure types."""
