"""Hyper-parameter search over whole pipelines."""
