"""Figures beside their limits, from one run: `make bench`."""
