"""The server of `skmedimg serve`: one page for one person, on this machine only.

It listens on 127.0.0.1. Other users of the machine and pages of other sites in the same browser do
not know the random word in its address; a page that has its name point to this machine (DNS
rebinding) sends another Host. Nothing of a request becomes a path.
"""

import csv
import io
import os
import secrets
import sys
import tempfile
import threading
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from skmedimg.serving._serve_page import render_page
from skmedimg.serving._uploads import UploadError, UploadLimits, files_in, suffix_of

_HOST = "127.0.0.1"
_BLOCK = 2**20
_UPLOADS_AT_ONCE = 2  # others wait: each holds its files in memory
_TABLES_KEPT = 20


class ModelServer(ThreadingHTTPServer):
    """Serve a page on which a model answers for images.

    Parameters
    ----------
    answers : ImageAnswers
    port : int
        0 takes a free one.
    limits : UploadLimits
    """

    daemon_threads = True  # Ctrl-C does not wait for an answer
    allow_reuse_address = os.name == "posix"  # elsewhere, others could take the port over

    def __init__(self, answers, port, limits=None):
        self.answers = answers
        self.limits = limits or UploadLimits()
        self.word = secrets.token_urlsafe(16)
        self.uploads = threading.BoundedSemaphore(_UPLOADS_AT_ONCE)
        self._tables, self._lock = OrderedDict(), threading.Lock()
        # One folder for all: it goes with the server, also where an answer is cut short.
        self._folder = tempfile.TemporaryDirectory(prefix="skmedimg-")
        super().__init__((_HOST, port), _PageHandler)

    @property
    def hosts(self):
        """Return the values of Host that a browser sends for this address."""
        return {f"{name}:{self.server_address[1]}" for name in (_HOST, "localhost")}

    @property
    def address(self):
        """Return the address of the page."""
        return f"http://{_HOST}:{self.server_address[1]}/{self.word}/"

    def server_bind(self):
        """Bind without asking for the name of the address, which may leave the machine."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def server_close(self):
        """Close the socket and remove the files of requests."""
        super().server_close()
        with self._lock:  # no file is written meanwhile, and none can be afterwards
            self._folder.cleanup()

    def handle_error(self, request, client_address):
        """Print an error in one line; a browser that left is none."""
        error = sys.exception()
        if not isinstance(error, (ConnectionError, TimeoutError)):
            print(f"skmedimg: error: {type(error).__name__}: {error}", file=sys.stderr, flush=True)

    def answer_files(self, files):
        """Return the answers for (name, bytes) of files, and the key of their table."""
        answers = []
        with tempfile.TemporaryDirectory(dir=self._folder.name) as folder:
            for number, (name, content) in enumerate(files):
                path = os.path.join(folder, f"{number}{suffix_of(name)}")
                with self._lock, open(path, "xb") as file:
                    file.write(content)
                answers.append(self.answers.answer(path, name))
                os.unlink(path)
        return answers, self._keep_table(answers)

    def table(self, key):
        """Return a table as CSV, or None where it is not kept any more."""
        with self._lock:
            return self._tables.get(key)

    def _keep_table(self, answers):
        text = io.StringIO()
        rows = [self.answers.head(), *map(self.answers.row, answers)]
        csv.writer(text, lineterminator="\n").writerows(rows)
        key = secrets.token_urlsafe(9)
        with self._lock:
            # With a byte order mark, by which Excel knows UTF-8.
            self._tables[key] = text.getvalue().encode("utf-8-sig", "replace")
            while len(self._tables) > _TABLES_KEPT:
                self._tables.popitem(last=False)
        return key


class _PageHandler(BaseHTTPRequestHandler):
    """Answer one request."""

    timeout = 60  # seconds without a byte

    def do_GET(self):
        """Send the page, or a table."""
        place = self._place()
        if place is None:
            return
        name = place.removeprefix("answers-").removesuffix(".csv")
        table = self.server.table(name) if place == f"answers-{name}.csv" else None
        if place == "":
            self._send_page()
        elif table is not None:
            self._send(200, table, "text/csv; charset=utf-8", attachment="answers.csv")
        else:
            self._refuse(404, "There is nothing at this address.")

    def do_POST(self):
        """Send the page with the answers for the files of a form."""
        place = self._place()
        if place is None:
            return
        if place != "answers":
            self._refuse(404, "There is nothing at this address.")
            return
        with self.server.uploads:
            try:
                files = files_in(
                    self._body(), self.headers.get("Content-Type", ""), self.server.limits
                )
            except UploadError as error:
                self._send_page(error.status, problem=str(error))
                return
            answers, table = self.server.answer_files(files)
        self._send_page(answers=answers, table=table)

    def _place(self):
        """Return what follows the secret word in the address, or None where it was refused."""
        if self.headers.get_all("Host") not in [[host] for host in self.server.hosts]:
            return self._refuse(403, "This page is for this machine only.")
        # Sent with posts; those of other sites name the other site.
        origin = self.headers.get("Origin")
        if origin is not None and origin.removeprefix("http://") not in self.server.hosts:
            return self._refuse(403, "This page takes files from its own form only.")
        word, slash, place = self.path.removeprefix("/").partition("/")
        known = secrets.compare_digest(word.encode(), self.server.word.encode())
        if not known or not slash:
            return self._refuse(
                404, "There is nothing at this address. Take the one that skmedimg printed."
            )
        return place

    def _body(self):
        """Return the body of a request, which says its length and is not too large."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or len(length) > 15:
            raise UploadError("A request needs its length.", 411)
        length, limit = int(length), self.server.limits.max_bytes
        if length > limit:
            self._skip(min(length, 10 * limit))
            raise UploadError(
                f"These files have more than {self.server.limits.megabytes} MB together. "
                "Send them in several parts.",
                413,
            )
        return self.rfile.read(length)

    def _skip(self, length):
        """Read what a browser sends without keeping it: before that, it shows no answer."""
        while length > 0 and (block := self.rfile.read(min(length, _BLOCK))):
            length -= len(block)

    def _send_page(self, status=200, problem="", answers=(), table=""):
        nonce = secrets.token_urlsafe(16)
        page = render_page(
            self.server.answers, self.server.limits, nonce, problem, list(answers), table
        )
        self._send(status, page.encode("utf-8", "replace"), "text/html; charset=utf-8", nonce)

    def _refuse(self, status, message):
        self._send(status, f"{message}\n".encode(), "text/plain; charset=utf-8")

    def _send(self, status, content, kind, nonce=None, attachment=None):
        style = f"style-src 'nonce-{nonce}'; " if nonce else ""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if attachment:
            self.send_header("Content-Disposition", f'attachment; filename="{attachment}"')
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; img-src data:; {style}form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'",
        )
        # Images of patients stay out of the browser's cache.
        self.send_header("Cache-Control", "no-store")
        # Not no-referrer: browsers would then send forms with the Origin "null".
        self.send_header("Referrer-Policy", "same-origin")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.end_headers()
        self.wfile.write(content)

    def version_string(self):
        """Return the name of the server, without the version of Python."""
        return "skmedimg"

    def log_message(self, format, *args):
        """Write no log: addresses hold the secret word."""
