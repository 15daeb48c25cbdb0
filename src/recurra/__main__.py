"""`python -m recurra`."""

from recurra.cli import main

main()
