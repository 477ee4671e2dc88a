"""`python -m res3d`: the console script."""

import sys

from res3d.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
