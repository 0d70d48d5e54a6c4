"""OCR engines, and reading a box with them."""
