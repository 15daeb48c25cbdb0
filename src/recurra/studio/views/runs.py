"""Runs: which there are, what each found, two beside each other, one taken away."""

from pathlib import Path

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from recurra.finished import compared, delete_run
from recurra.runs import COMPARED, TRAINED
from recurra.serving.refusals import RefusedError
from recurra.studio.documents import DOCUMENT, SHEET, document_of
from recurra.studio.doors import action, page
from recurra.studio.house import studio_of
from recurra.studio.rendering import address, html
from recurra.studio.view import View
from recurra.wording import worded

__all__ = ["VIEW"]

PAGES = (TRAINED[-2], COMPARED[0])


async def listed(request: Request) -> Response:
    """List the runs."""
    studio = studio_of(request)
    return studio.page(
        request,
        "runs.html.j2",
        found=await studio.finished(),
        folder=str(studio.runs),
        deleted=request.query_params.get("deleted"),
    )


async def shown(request: Request) -> Response:
    """Show a run: its verdict, where to go on, its report."""
    studio = studio_of(request)
    run = await studio.run(request.path_params["name"])
    return studio.page(request, "run.html.j2", run=run, next=studio.following(run))


async def _document(request: Request) -> tuple[str, str]:
    studio = studio_of(request)
    run = await studio.run(request.path_params["name"])
    found = next((path for name in PAGES if (path := run.folder / name).is_file()), None)
    if found is None:
        raise RefusedError(404, worded("this run has no page."))
    return await studio.aside(document_of, found)


async def report(request: Request) -> Response:
    """Give the page of a run, for a frame."""
    document, _ = await _document(request)
    lang = request.query_params.get("lang")
    place = address("runs", request.path_params["name"], "report.css", lang=lang)
    return html(document.replace(SHEET, place, 1), headers=DOCUMENT)


async def sheet(request: Request) -> Response:
    """Give the stylesheet of that page."""
    _, rules = await _document(request)
    return Response(rules, media_type="text/css")


async def compare(request: Request) -> Response:
    """Put two runs beside each other."""
    studio = studio_of(request)
    names = request.query_params.getlist("run")
    if len(names) != 2:
        raise RefusedError(
            400,
            worded(
                "two runs are compared, but {count:,} were chosen. Choose two.", count=len(names)
            ),
        )
    one, other = [(await studio.run(name)).folder for name in names]
    both = await studio.aside(compared, one, other)
    measures = both.runs[0].report.measures
    directions = {measure.name: measure.higher_is_better for measure in measures}
    return studio.page(request, "runs_compare.html.j2", both=both, directions=directions)


async def asked(request: Request) -> Response:
    """Ask whether a run is to be deleted."""
    studio = studio_of(request)
    run = await studio.run(request.path_params["name"])
    return studio.page(request, "runs_delete.html.j2", run=run)


async def deleted(request: Request, form: FormData) -> Response:
    """Delete a run."""
    studio = studio_of(request)
    folder: Path = (await studio.run(request.path_params["name"])).folder
    await studio.aside(delete_run, folder)
    studio.models.forget(folder)
    return studio.to(request, "runs", deleted=folder.name)


VIEW = View(
    "runs",
    "Runs",
    "Which of two runs is better?",
    [
        page("/runs", listed),
        page("/compare", compare),
        page("/runs/{name}", shown),
        page("/runs/{name}/report", report),
        page("/runs/{name}/report.css", sheet),
        page("/runs/{name}/delete", asked),
        action("/runs/{name}/delete", deleted),
    ],
)
