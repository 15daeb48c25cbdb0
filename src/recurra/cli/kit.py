"""`recurra kit`."""

from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.app import Json, Overwrite, app, print_json, separated
from recurra.cli.market import Offline, Source
from recurra.wording import retold

kit = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="What a class needs without a network, in one folder: make it, check it.",
)
app.add_typer(kit, name="kit")
Folder = Annotated[Path, typer.Argument(help="The folder of the kit.")]


@kit.command()
def make(
    folder: Folder,
    data: Annotated[
        str, typer.Option(help="Data sets, separated by commas; '' for none.")
    ] = "spam,sentiment-ko",
    prices: Annotated[
        str, typer.Option(help="Tickers whose prices go in, separated by commas.")
    ] = "",
    source: Source = None,
    wheel: Annotated[
        list[Path] | None, typer.Option(help="A wheel to put in: Recurra's own; again for more.")
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Bring the wheels of all packages now.")
    ] = False,
    offline: Offline = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Fill a folder with data, samples, notebooks, wheels and their check, for a class."""
    from recurra.classroom.kit import get_wheels, make_kit, read_kit
    from recurra.terminal import note

    made = make_kit(
        folder,
        data=list(separated(data)),
        tickers=list(separated(prices)),
        source=source,
        wheels=wheel or [],
        offline=offline,
        overwrite=overwrite,
    )
    if download:
        get_wheels(folder)
        made = read_kit(folder)
    if as_json:
        print_json({"folder": str(folder), **made})
        return
    size = sum(each["bytes"] for each in made["files"].values())
    note(f"made: {folder}, {len(made['files']):,} files, {size / 1e6:,.1f} MB")
    for name, each in made["data"].items():
        note(f"with {name}: {each['title']}; its licence: {each['licence']}")
    wheels = [name for name in made["files"] if name.endswith(".whl")]
    if not any(name.startswith("wheels/recurra-") for name in wheels):
        note("without a wheel of Recurra: give --wheel recurra-….whl (make wheel)")
    if len(wheels) < 2:
        note(f"without the packages: python {folder}/wheels/get.py, with a network")


@kit.command()
def check(folder: Folder, as_json: Json = False) -> None:
    """Find what of a kit is missing or damaged; exit 1 where something is."""
    from recurra.classroom.kit import check_kit, read_kit
    from recurra.terminal import note

    wrong = check_kit(folder)
    if as_json:
        print_json({"whole": not wrong, "wrong": wrong})
    elif wrong:
        for name, what in wrong.items():
            note(f"not as it was: {name} ({what})")
    else:
        typer.echo(retold(f"whole: {len(read_kit(folder)['files']):,} files"))
    if wrong:
        raise typer.Exit(1)
