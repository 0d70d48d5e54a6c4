"""``python -m boxocr``: the commands for operators."""

import sys

from boxocr.commands.cli import main

# multiprocessing's spawn imports this module again, under another name, in each reader.
if __name__ == "__main__":
    sys.exit(main())
