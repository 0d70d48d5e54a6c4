"""``python -m boxocr``: the commands for operators."""

import sys

from boxocr.commands.cli import main

# The readers are spawned, which imports this module again under another name.
if __name__ == "__main__":
    sys.exit(main())
