"""`python -m bot` is `fawen`."""

from bot.cli import main

if __name__ == "__main__":
    main()
