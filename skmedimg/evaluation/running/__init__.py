"""Fit every model on every fold: with checkpoints, and shared steps where no fold matters."""
