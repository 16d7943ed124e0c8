"""Studies: experiments whose result is a score, an error rate or a size, and not a time."""

from pathlib import Path

RESULTS = Path(__file__).parent / "results"
