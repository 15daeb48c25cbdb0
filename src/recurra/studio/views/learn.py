"""Learn: the page to learn from, in the studio; `recurra studio --export` gives it as one file."""

from starlette.requests import Request
from starlette.responses import Response

from recurra.studio.doors import page
from recurra.studio.house import studio_of
from recurra.studio.learn import learn_body, learn_script, learn_style, render_learn
from recurra.studio.view import View

__all__ = ["VIEW"]


async def shown(request: Request) -> Response:
    """Show the page."""
    return studio_of(request).page(request, "learn.html.j2", body=learn_body())


async def script(request: Request) -> Response:
    """Give its script."""
    return Response(learn_script(), media_type="text/javascript")


async def style(request: Request) -> Response:
    """Give its stylesheet."""
    return Response(learn_style(), media_type="text/css")


async def exported(request: Request) -> Response:
    """Give the page as one file, to take away."""
    named = {"Content-Disposition": "attachment;filename=learn.html"}
    return Response(render_learn(), headers=named, media_type="text/html")


VIEW = View(
    "learn",
    "Learn",
    "Why does a SimpleRNN forget?",
    [
        page("/learn", shown),
        page("/learn/learn.js", script),
        page("/learn/learn.css", style),
        page("/learn/learn.html", exported),
    ],
)
