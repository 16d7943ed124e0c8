"""Comparing models and saying how far the answer can be trusted."""
