"""Reading tasks by the thousand, on all cores, in runs that can be broken off and taken up again.

``sources`` and ``project`` say which tasks there are, ``workers`` and ``cluster`` read them, ``journal`` keeps what was
read, ``run`` holds them together. No part of the server imports them.
"""
