"""Saved models over HTTP: `recurra serve`.

::

    request → guard: key, size, room, log, metrics              guard
            → door: what is asked, checked                      plain, open_inference, questions
            → queue of the model: what waits is asked together  batches
            → model by its name, reloaded when it changes       shelf, models
            → answer in JSON, {"error": one sentence} where there is none

Networks are asked through `recurra.runtime`: neither Keras, JAX nor scikit-learn is imported.
"""
