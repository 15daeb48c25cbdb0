"""`recurra bench`."""

from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.app import Json, app, print_json, separated

bench = typer.Typer(
    rich_markup_mode=None, help="Time Recurra on this machine, beside what else there is."
)
app.add_typer(bench, name="bench")
PeerPython = Annotated[
    str | None,
    typer.Option(help="A Python that has the rivals [an environment is made in the cache]."),
]


@bench.callback()
def _bench() -> None:
    """Time Recurra on this machine, beside what else there is."""


@bench.command()
def kernels(
    cases: Annotated[list[str] | None, typer.Argument(help="Cases, as lstm-128 [all].")] = None,
    peers: Annotated[
        str, typer.Option(help="Rivals, separated by commas: keras-jax, keras-torch, torch.")
    ] = "keras-jax,torch",
    runs: Annotated[int, typer.Option(min=1, help="Turns that count.")] = 15,
    peer_python: PeerPython = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the ratios: a .png, .svg or .pdf file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Time a training step and a prediction beside Keras and PyTorch, with the same weights.

    The rivals must agree first; then each takes its turn in one run.
    """
    from recurra.bench.kernels import CASES, case_named, machine, measure
    from recurra.bench.peers import check_peers, requirements
    from recurra.bench.peers import peer_python as made
    from recurra.bench.picture import check_plot, draw
    from recurra.terminal import note, show_bench, watching

    rivals = list(separated(peers))
    check_peers(rivals)
    names = cases or list(CASES)
    for name in names:
        case_named(name)
    if plot:
        check_plot(plot)
    with watching(quiet=as_json) as watch:
        if peer_python is None:
            watch.stage(f"an environment for the peers: {', '.join(requirements(rivals))}")
        python = peer_python or made(rivals)
        results = [measure(name, rivals, python, runs=runs, listeners=[watch]) for name in names]
    if as_json:
        print_json({"machine": machine(), "cases": results})
    else:
        show_bench(results)
        note(", ".join(f"{name} {value}" for name, value in machine().items()))
    if plot:
        draw(results, plot)
        note(f"written: {plot}")


@bench.command()
def runtime(
    cases: Annotated[
        list[str] | None, typer.Argument(help="Cases, as lstm-128-b1-t200 [all].")
    ] = None,
    peers: Annotated[
        str, typer.Option(help="Rivals, separated by commas: onnxruntime, torch.")
    ] = "onnxruntime",
    runs: Annotated[int, typer.Option(min=1, help="Turns that count.")] = 9,
    peer_python: PeerPython = None,
    as_json: Json = False,
) -> None:
    """Time a layer that answers beside ONNX Runtime and PyTorch, with the same weights."""
    from recurra.bench.kernels import machine
    from recurra.bench.peers import peer_python as made
    from recurra.bench.peers import requirements
    from recurra.bench.runtime import CASES, PEERS, case_named, measure, overall
    from recurra.names import one_of
    from recurra.terminal import note, show_bench_runtime, watching

    rivals = list(separated(peers))
    for name in rivals or [""]:
        one_of(name, PEERS, "a peer")
    names = cases or list(CASES)
    for name in names:
        case_named(name)
    with watching(quiet=as_json) as watch:
        if peer_python is None:
            watch.stage(f"an environment for the peers: {', '.join(requirements(rivals))}")
        python = peer_python or made(rivals)
        results = [measure(name, rivals, python, runs=runs, listeners=[watch]) for name in names]
    if as_json:
        print_json({"machine": machine(), "overall": overall(results), "cases": results})
        return
    show_bench_runtime(results)
    note(f"geometric mean of the ratios: {overall(results):.2f}")
    note(", ".join(f"{name} {value}" for name, value in machine().items()))
