"""How fast it is on this machine, beside what a user would take instead.

::

    kernels    the measurement: rivals agree, then take turns
    peers      an environment of their own for the rivals
    worker     one rival in its own process
    picture    the ratios, drawn
"""
