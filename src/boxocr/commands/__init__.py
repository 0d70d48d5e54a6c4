"""The command line: ``boxocr`` and its commands, such as ``boxocr serve``."""
