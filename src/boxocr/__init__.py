"""BoxOCR: reads the text in boxes that annotators draw in Label Studio."""

__version__ = "0.1.0"

MODEL_VERSION = f"boxocr-{__version__}"
"""What Label Studio stores beside each prediction."""
