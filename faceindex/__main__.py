"""The command line's way in: ``faceindex``, and ``python -m faceindex`` where no script is on the path."""


def main() -> None:
    """Run the command line; the entry point of the console script."""
    try:
        from faceindex.stopping import leave_at_once

        leave_at_once()  # before the rest is imported, which takes long enough for a Ctrl-C to come meanwhile
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    from faceindex.cli import main as run

    run()


if __name__ == "__main__":  # and not where a decoding process imports this module
    main()
