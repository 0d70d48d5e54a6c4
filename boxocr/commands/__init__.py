"""Commands for whoever runs the server: ``doctor``, ``connect``, ``demo``, ``samples`` and ``preannotate``.

They use the server's own parts (settings, pages, readers), so that what they find is what the server would meet. Of the
server only the status page imports any of them: the checks.
"""
