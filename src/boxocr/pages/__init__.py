"""From the address of a page to its pixels."""
