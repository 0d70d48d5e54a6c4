"""BoxOCR: reads the text in boxes that annotators draw in Label Studio."""

import sys

__version__ = "0.1.0"

MODEL_VERSION = f"boxocr-{__version__}"
"""What Label Studio stores beside each prediction."""

# httpx imports its command line if rich and pygments are installed, which take 5 MB in each process. A module that is
# None cannot be imported, and httpx does without it.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
