"""Models that a run keeps, asked again: what `recurra predict` says, a file an application.

`KINDS` of each says, for what a model was saved by, what reads it, which is imported only then. A
network is run by `recurra.runtime`: neither Keras nor JAX is loaded.
"""
