"""Intervals of scores and tests of differences between models."""
