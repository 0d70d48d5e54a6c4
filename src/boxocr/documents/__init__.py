"""Document files and images of their pages, and read or annotated pages in the formats of other programs."""
