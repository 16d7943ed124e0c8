"""Benchmarks that run ours and a peer side by side: `python -m bench [NAME ...] [--quick]`."""

from bench._runner import Row, Timed

__all__ = ["Row", "Timed"]
