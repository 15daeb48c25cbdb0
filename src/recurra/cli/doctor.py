"""`recurra doctor`."""

from recurra.cli.app import Json, app, print_json


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is installed, which backend and kernels are used, and which data is found."""
    from recurra.doctor import examine
    from recurra.terminal import out

    found = examine()
    if as_json:
        print_json(found)
        return
    width = max(len(name) for entries in found.values() for name in entries)
    for section, entries in found.items():
        out.print(section, style="bold")
        for name, value in entries.items():
            out.print(f"  {name:<{width}} {value}", soft_wrap=True)
