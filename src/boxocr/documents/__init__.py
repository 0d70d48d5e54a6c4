"""Document files and images of their pages; readings of pages and annotated pages in the formats of other programs."""
