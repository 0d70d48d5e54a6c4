"""Readings of whole pages as documents: JSON, hOCR, and pictures of the page with its lines."""
