"""The command line: ``boxocr serve``, ``doctor``, ``connect``, ``demo``, ``samples`` and ``preannotate``."""
