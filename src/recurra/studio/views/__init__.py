"""The views of the studio, in the order of the navigation: one module each, named here.

A view is a module with a `VIEW`: its name (the first part of its addresses), its title, its doors.

::

    async def shown(request):
        studio = studio_of(request)                        what all views share: `house.Studio`
        run = await studio.run(request.path_params["name"])        a finished run, else 404 in words
        standing = await studio.models.standing(run.folder)        its model, without Keras
        said = await standing.said(["a text"])                     asked together with others
        return studio.page(request, "try.html.j2", run=run, said=said)

    VIEW = View("try", "Try", [page("/try", …), page("/try/{name}", shown), question(…)])

Its templates are `templates/NAME*.html.j2`, which extend `layout.html.j2`; they write addresses by
`kept("try", name, text=…)`, sentences by `worded("…")`, forms with `forms.html.j2`'s `hidden()`.
Its script, where it needs one, is `static/NAME.js` (`{% block scripts %}`), which finds its data in
`data-…` attributes and never in a `<script>`; its styles are in `static/NAME.css`
(`{% block styles %}`). The policy refuses all that is inline: `style="…"` too, while a script may
set `element.style`.
"""

from recurra.studio.view import View
from recurra.studio.views import audit, learn, market, memory, runs, train, trying

__all__ = ["VIEWS", "View"]

VIEWS: tuple[View, ...] = (
    runs.VIEW,
    train.VIEW,
    trying.VIEW,
    memory.VIEW,
    learn.VIEW,
    market.VIEW,
    audit.VIEW,
)
