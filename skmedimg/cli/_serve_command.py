"""The command serve: a page on this machine on which a saved model answers for images."""

import argparse
import contextlib
import os
import signal
import threading
import webbrowser

from skmedimg.cli._exit_codes import DONE, DataError
from skmedimg.cli._messages import say

SUMMARY = "Open a page on this machine on which a saved model answers for images, without any code."


def add_arguments(parser):
    """Add the arguments of this command to its parser."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="file that `skmedimg compare --save` or skmedimg.saving.save wrote",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=8000,
        metavar="NUMBER",
        help="port of the page (default: 8000); 0 takes a free one",
    )
    parser.add_argument(
        "--no-browser",
        action="store_true",
        help="print the address of the page, and open no browser",
    )


def run(options):
    """Serve the page until Ctrl-C, and return the exit code."""
    from skmedimg.cli._predict_command import load_model
    from skmedimg.cli._save_best import guard_path
    from skmedimg.saving import read_card
    from skmedimg.serving._image_answers import ImageAnswers
    from skmedimg.serving._model_server import ModelServer

    guard = guard_path(options.model)
    answers = ImageAnswers(
        load_model(options.model),
        read_card(options.model),
        load_model(guard) if os.path.exists(guard) else None,
    )
    try:
        server = ModelServer(answers, options.port)
    except OSError as error:
        raise DataError(
            f"port {options.port} cannot be used ({error.strerror}); --port 0 takes a free one."
        ) from error
    with server, _signals_interrupt():
        print(server.address, flush=True)
        say("the page is at this address, on this machine only; Ctrl-C ends it")
        if not options.no_browser:
            # A browser of the terminal would keep the page waiting for its own server.
            threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:  # the way to end it
            say("stopped")
    return DONE


@contextlib.contextmanager
def _signals_interrupt():
    """Let a closed terminal and `kill` end the page as Ctrl-C does: no file of an image stays."""
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]  # Windows has one
    before = {name: signal.getsignal(getattr(signal, name)) for name in names}
    for name in names:
        signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _port(text):
    """Return a port as an int; argparse shows the message of the error."""
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"needs a number from 0 to 65535, but is {text!r}")
    return int(text)
