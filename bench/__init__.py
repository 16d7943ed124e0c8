"""Benchmarks that run ours and a peer side by side: `python -m bench [NAME ...] [--quick]`."""

from bench._runner import Measured, Row

__all__ = ["Measured", "Row"]
