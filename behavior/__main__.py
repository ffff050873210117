"""`python -m behavior` is the command `behavior`."""

from behavior.cli import main

if __name__ == "__main__":
    main()
