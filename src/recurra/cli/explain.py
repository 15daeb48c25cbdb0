"""`recurra explain`: of a text, its tokens; of a sequence, its stretches."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli.app import Encoding, Json, Run, With, app, print_json
from recurra.cli.layouts import Channels, Group, Id, Time, layout_of
from recurra.errors import BundleError, DataError, SettingsError
from recurra.names import listed, near, one_of

if TYPE_CHECKING:
    from recurra.data.sequences import Layout

SEQUENCES = ("sequences", "quantities")  # problems whose rows are numeric sequences
WAYS = ("occlusion", "gradients")  # to tell which stretches moved an answer
MOST_SHOWN, MOST_LABELS = 8, 6


@app.command()
def explain(
    run: Run,
    text: Annotated[
        str, typer.Argument(help="The text to explain; of a model of sequences, their file.")
    ],
    sequence: Annotated[
        str | None, typer.Option(help="Which sequence of the file, by its name [the first].")
    ] = None,
    id: Id = None,
    time: Time = None,
    group: Group = None,
    channels: Channels = "",
    encoding: Encoding = None,
    with_: With = None,
    by: Annotated[
        str | None, typer.Option(help="Of a sequence: occlusion [the default] or gradients.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="Of several labels a text, the one to explain [those that are said]."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with gates and states, or curves, as well.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what moved an answer: tokens of a text, or steps and channels of a sequence."""
    from recurra.problems.kept import kept_model
    from recurra.problems.saved import multi_labels

    kept = kept_model(run)
    several = kept.kind in multi_labels.KINDS
    if label and not several:
        raise SettingsError(f"--label is of models that say several labels, but {run} holds none.")
    if kept.facts.recipe in SEQUENCES:
        by = one_of(by or WAYS[0], WAYS, "--by")
        layout = layout_of(id, time, None, group, channels, labelled=False, run=run)
        _explain_sequence(run, Path(text), layout, encoding, sequence, with_, by, html, as_json)
        return
    if by is not None:
        raise SettingsError("--by is of models of sequences: of a text, both ways are shown.")
    of_files = {"--sequence": sequence, "--with": with_, "--encoding": encoding}
    of_files |= {"--id": id, "--time": time, "--group": group, "--channels": channels or None}
    given = [name for name, value in of_files.items() if value is not None]
    if given:
        raise SettingsError(
            f"{listed(given)} of explain must be left out where a model reads texts, as this one "
            "does: they are of models of sequences."
        )
    if several:
        _explain_labels(run, text, label or [], html, as_json)
        return
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
    from recurra.wording import term

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
    columns = {term(name): each.tolist() for name, each in named.items()}
    show_attributions(title, inside.tokens, columns)
    if html is not None:
        note(f"written: {html}")


def _explain_labels(
    run: Path, text: str, asked: list[str], html: Path | None, as_json: bool
) -> None:
    """Show what each token does to the probability of each label that is said, or asked for."""
    from recurra.problems.saved.multi_labels import saved_labels
    from recurra.wording import worded

    model = saved_labels(run)
    for name in asked:
        one_of(name, model.names, "the label")
    found = model.explain(text)
    shares = dict(zip(model.names, found.probabilities.tolist(), strict=True))
    said = model.answer([text])[0]["labels"]
    called = model.sign.join(said or []) or worded("no label")
    likeliest = sorted(model.names, key=lambda name: -shares[name])
    wanted = asked or [name for name in likeliest if name in (said or likeliest[:1])]
    falls = {name: found.falls[:, model.names.index(name)].tolist() for name in wanted}
    if html is not None:
        from recurra.files import write_atomically
        from recurra.pages.inside import render_labels

        page = render_labels(model.name, called, shares, found.tokens, falls)
        write_atomically(html, page.encode())
    if as_json:
        print_json(
            {
                "model": model.name,
                "labels": said,
                "probabilities": shares if found.tokens else None,
                "tokens": [
                    {"token": token, "falls": {name: each[place] for name, each in falls.items()}}
                    for place, token in enumerate(found.tokens)
                ],
            }
        )
        return
    from recurra.terminal import note, show_attributions

    shown = {f"{name} {shares[name]:.3f}": falls[name] for name in wanted[:MOST_LABELS]}
    show_attributions(called, found.tokens, shown)
    if left := len(wanted) - len(shown):
        note(f"{left:,} more are said: --label NAME shows one, and --json all of them")
    if html is not None:
        note(f"written: {html}")


def _explain_sequence(
    run: Path,
    file: Path,
    layout: "Layout",
    encoding: str | None,
    name: str | None,
    with_: str | None,
    by: str,
    html: Path | None,
    as_json: bool,
) -> None:
    """Show which stretches of a sequence, and which channels, moved the answer."""
    import numpy as np

    from recurra.data.sequences import read_sequences
    from recurra.problems.kept import kept_model
    from recurra.problems.new_rows import same_channels
    from recurra.problems.saved.quantities import saved_quantities
    from recurra.problems.saved.sequences import saved_sequences

    kept = kept_model(run)
    rows = read_sequences(file, layout, encoding=encoding)
    same_channels(rows, kept.facts.channels)
    ids = list(map(str, rows.ids))
    if name is not None and name not in ids:
        raise DataError(f"{file} has no sequence {name!r}.{near(name, ids)}")
    place = 0 if name is None else ids.index(name)
    opened = saved_sequences if kept.facts.recipe == "sequences" else saved_quantities
    model = opened(run, with_)
    steps = rows.sequences.take(np.array([place])).timesteps()
    does = "fall" if by == WAYS[0] else "adds"
    of, found = model.explain(steps, by)
    shown = [
        (model.channels[channel], first + 1, last + 1, effect)
        for first, last, channel, effect in found.strongest(MOST_SHOWN)
    ]
    if html is not None:
        from recurra.files import write_atomically
        from recurra.pages.stretches import render_stretches

        page = render_stretches(model.name, ids[place], of, steps, model.channels, found)
        write_atomically(html, page.encode())
    if as_json:
        print_json(
            {
                "model": model.name,
                "sequence": ids[place],
                "of": of,
                "by": by,
                "score": found.score,
                **({} if found.baseline is None else {"baseline": found.baseline}),
                "stretches": [
                    dict(zip(("channel", "first", "last", does), each, strict=True))
                    for each in shown
                ],
                "channels": dict(zip(model.channels, found.channels.tolist(), strict=True)),
            }
        )
        return
    from recurra.terminal import note, show_stretches

    whole = dict(zip(model.channels, found.channels.tolist(), strict=True))
    title = f"{ids[place]}: {of} {found.score:.4g}, {model.name}"
    show_stretches(title, shown, whole, found.score, found.baseline)
    if html is not None:
        note(f"written: {html}")
