"""Exit codes of the command line, and the error that means unusable files."""

# 2 is what argparse exits with, 130 what a shell reports for Ctrl-C (128 + SIGINT)
DONE, FAILED, USAGE, DATA, SERIOUS, INTERRUPTED = 0, 1, 2, 3, 4, 130

EXIT_CODES = """exit codes:
  0    done
  1    a model failed, or an unexpected error (--traceback prints where)
  2    the command was not understood
  3    files are missing or cannot be used (predict: some of them; the others are predicted)
  4    audit found a problem that makes every score wrong, or labels contradict each other
  130  interrupted (compare: the report has what was finished)

Progress is written to standard error, results to standard output."""


class ContradictionError(Exception):
    """Duplicates have different labels: a command ends with exit code 4."""


class DataError(Exception):
    """Files are missing or cannot be used: a command ends with exit code 3."""
