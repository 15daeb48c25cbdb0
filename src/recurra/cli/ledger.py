"""`recurra ledger`."""

from typing import Annotated

import typer

from recurra.cli.app import Json, app, print_json
from recurra.wording import retold, worded

ledger = typer.Typer(
    rich_markup_mode=None, help="See how often each test set was scored on this machine; forget it."
)
app.add_typer(ledger, name="ledger")


@ledger.command("list")
def list_scorings(as_json: Json = False) -> None:
    """List every time a test set was scored, the newest last, with what it was scored by."""
    from recurra.ledger import ledger_path, scorings
    from recurra.terminal import note, show_columns

    found = scorings()
    if as_json:
        rows = [each.model_dump(exclude={"sketch"}) for each in found.scorings]
        print_json({"ledger": str(ledger_path()), "scorings": rows, "unread": found.unread})
        return
    if found.scorings:
        names = (worded("when"), worded("work"), worded("problem"), worded("rows of"))
        show_columns(
            [*names, worded("rows"), worded("models")],
            [
                (s.when, s.work, s.problem, s.source, f"{s.rows:,}", ", ".join(s.models))
                for s in found.scorings
            ],
        )
    note(f"{len(found.scorings):,} scorings in {ledger_path()}")
    if found.unread:
        note(f"Not shown: {found.unread:,} lines of it, which cannot be read.")


@ledger.command()
def clear(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Forget every scoring, once you have said yes: reports count from nought again."""
    from recurra.ledger import clear as forget
    from recurra.ledger import ledger_path, scorings
    from recurra.terminal import note

    count = len(scorings().scorings)
    if count and not yes:
        typer.confirm(retold(f"Forget {count:,} scorings in {ledger_path()}?"), abort=True)
    note(f"forgotten: {forget():,} scorings")
