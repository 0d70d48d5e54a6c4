"""Measurements of speed, memory and accuracy: ``make bench-latency``, ``make bench-accuracy``."""
