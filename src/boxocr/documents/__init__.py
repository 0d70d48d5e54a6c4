"""Readings of whole pages as JSON, hOCR and pictures, and annotated pages in the formats that train models."""
