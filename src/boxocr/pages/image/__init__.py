"""Decoding of image files, and cutting boxes out of decoded pages."""
