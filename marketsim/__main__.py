"""`python -m marketsim` is the command."""

from marketsim.cli import main

if __name__ == "__main__":
    main()
