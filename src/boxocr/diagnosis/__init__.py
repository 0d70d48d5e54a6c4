"""The checks of ``boxocr doctor``, one module for each part; the status page shows some of them too."""
