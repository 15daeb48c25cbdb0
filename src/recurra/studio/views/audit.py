"""Audit: one file or two in, what makes figures better than they are out."""

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from recurra.auditing.findings import Audit
from recurra.serving.refusals import RefusedError
from recurra.studio.doors import action, page
from recurra.studio.files import Kept
from recurra.studio.house import Studio, studio_of
from recurra.studio.view import View
from recurra.studio.views.train import audit_told, brought

__all__ = ["VIEW"]

OPTIONS = ("text", "label", "id")


async def shown(request: Request) -> Response:
    """Show where files go."""
    studio = studio_of(request)
    files = await studio.aside(studio.files.all)
    return studio.page(request, "audit.html.j2", files=files, most=studio.room.upload)


async def bring(request: Request, form: FormData) -> Response:
    """Keep one file or two, and show what is wrong with them."""
    studio = studio_of(request)
    first = await brought(studio, form)
    other = form.get("test")
    second = None
    if isinstance(other, UploadFile) and other.filename:
        second = (await brought(studio, form, "test")).id
    return studio.to(request, "audit", first.id, test=second)


async def found(request: Request) -> Response:
    """Show what an audit finds, as `recurra audit` says it; else which columns there are."""
    studio, asked = studio_of(request), request.query_params
    kept = studio.files.get(request.path_params["id"])
    test = studio.files.get(asked["test"]) if asked.get("test") else None
    given = {name: asked[name] for name in OPTIONS if asked.get(name)}
    audit, refused = await _audited(studio, kept, test, given)
    seen = await studio.commands.told("look", str(kept.path))
    return studio.page(
        request,
        "audit_found.html.j2",
        file=kept,
        test=test,
        columns=[column["name"] for column in seen["columns"]],
        given=given,
        options=OPTIONS,
        audit=audit,
        refused=refused,
    )


async def _audited(
    studio: Studio, kept: Kept, test: Kept | None, given: dict[str, str]
) -> tuple[Audit | None, str]:
    words = ["audit", str(kept.path), *([str(test.path)] if test else [])]
    words += [f"--{name}={value}" for name, value in given.items()]
    try:
        return await audit_told(studio, words), ""
    except RefusedError as error:  # another column may be what is needed
        if error.status != 400:
            raise
        return None, error.sentence


VIEW = View(
    "audit",
    "Audit",
    "Are my rows clean?",
    [page("/audit", shown), action("/audit", bring, files=2), page("/audit/{id}", found)],
)
