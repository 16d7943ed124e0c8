"""The command line: `_main.py` lists the commands, each of which is one module."""

from skmedimg.cli._main import main

__all__ = ["main"]
