"""`python -m tests.bench`, run from the repository's root, is what `scripts/bench` runs."""

import sys

from tests.bench.cli import main

if __name__ == "__main__":
    main(sys.argv[1:])
