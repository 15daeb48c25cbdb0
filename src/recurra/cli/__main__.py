"""`python -m recurra.cli`."""

from recurra.cli import main

main()
