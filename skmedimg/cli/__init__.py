"""The command line: `_main.py` lists the commands, each of which is one module."""
