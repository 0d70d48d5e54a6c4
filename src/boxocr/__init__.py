"""BoxOCR: reads the text in boxes that annotators draw in Label Studio."""

import sys

__version__ = "0.1.0"

MODEL_VERSION = f"boxocr-{__version__}"
"""What Label Studio stores beside each prediction."""

# If rich and pygments are installed, httpx imports its command line, which takes 5 MB in each process. A None entry in
# sys.modules makes that import fail, and httpx ignores the failure.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
