"""Commands for whoever runs the server: ``doctor``, ``connect`` and ``demo``.

They use the server's own parts (settings, pages, readers), so that what they find is what the server would meet. No
part of the server imports them.
"""
