"""The pages of `recurra studio`: runs, training, models to try, for people who would rather look.

::

    request → guard: whose address is asked, who asks, from which page      guard
            → door of a view: what is asked, checked                        doors, views/
            → what runs, models and readers say; what is slow goes aside    house, models, aside
            → page in the visitor's language, nothing in it but text        rendering, templates/

A view is one module of `views/`: its doors, its templates, its script if it needs one. The server
imports neither Keras nor JAX; what does is another process.
"""
