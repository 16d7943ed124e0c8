"""`python -m skmedimg`: compare, audit and predict from the command line."""

import sys

from skmedimg._cli import main

if __name__ == "__main__":
    sys.exit(main())
