"""`recurra explain`."""

from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.app import Json, Run, app, print_json
from recurra.errors import BundleError


@app.command()
def explain(
    run: Run,
    text: Annotated[str, typer.Argument(help="The text to explain.")],
    html: Annotated[
        Path | None, typer.Option(help="Write a page with gates and states as well.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what moved the score of a text, token by token, and how the network read it."""
    from recurra.problems.saved.texts import texts_model

    saved = texts_model(run)
    if not saved.explains:
        raise BundleError(f"explanations are of networks, but {run} holds {saved.name}.")
    saved.check([text])
    from recurra.estimators import SequenceClassifier
    from recurra.files import write_atomically
    from recurra.inside import look_inside
    from recurra.pages.inside import render_inside
    from recurra.terminal import note, show_attributions

    model = SequenceClassifier.load(saved.kept.folder)
    inside = look_inside(model, text)
    effects = inside.occlusion, inside.gradients
    if html is not None:
        page = render_inside(
            model.model,
            inside.of,
            model.threshold_,
            inside.score,
            inside.tokens,
            effects,
            [(reading.layer, reading.values) for reading in inside.readings],
        )
        write_atomically(html, page.encode())
    named = {"occlusion": effects[0], "integrated gradients": effects[1], **inside.parts}
    if as_json:
        print_json(
            {
                "label": str(model.predict([text])[0]),
                "of": inside.of,
                "score": inside.score,
                "tokens": [
                    {"token": token}
                    | {name.replace(" ", "_"): float(found[i]) for name, found in named.items()}
                    for i, token in enumerate(inside.tokens)
                ],
            }
        )
        return
    title = f"{inside.of} {inside.score:.4f}"
    show_attributions(title, inside.tokens, {name: each.tolist() for name, each in named.items()})
    if html is not None:
        note(f"written: {html}")
