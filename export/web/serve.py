"""Serves the page on this machine. For the world, any web server that sends .wasm as application/wasm does as well.

python -m export.web.serve --folder=build/web [--port=8000]
"""

import contextlib
import errno
import functools
import http.server
import socket
from pathlib import Path

from absl import flags

from tf_homo import errors
from tf_homo.errors import InputError

ABOUT_THE_PORT = {errno.EADDRINUSE, errno.EACCES}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, with the types that modules and WebAssembly need whatever the machine's own table says."""

    extensions_map = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".tflite": "application/octet-stream",
        ".wasm": "application/wasm",
    }

    def end_headers(self) -> None:
        """Asks the browser to look for a newer page each time."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keeps quiet: only what goes wrong is worth a line, and the browser shows that."""


def server(folder: Path, port: int = 8000, host: str = "127.0.0.1") -> http.server.ThreadingHTTPServer:
    """A server of the page in `folder`; port 0 takes any that is free. Call serve_forever() on it.

    Raises:
      InputError: no page in `folder`, no such host on this machine, or the port is taken.
    """
    if not (folder / "index.html").exists():
        raise InputError(f"--folder={folder}: has no index.html; build the page with python -m export.web.build")
    try:
        return http.server.ThreadingHTTPServer((host, port), functools.partial(Handler, directory=folder))
    except OSError as error:
        if error.errno in ABOUT_THE_PORT and not isinstance(error, socket.gaierror):  # whose numbers are its own
            raise InputError(f"--port={port}: {error.strerror.lower()}; give another, as in --port=8001") from None
        raise InputError(f"--host={host}: {error.strerror.lower()}; give an IPv4 address of this machine") from None


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds what listens on `host`."""
    return f"http://{'localhost' if host in {'', '0.0.0.0', '127.0.0.1'} else host}:{port}"


def _define_flags() -> None:
    flags.DEFINE_string("folder", "build/web", "the page")
    flags.DEFINE_integer("port", 8000, "port", 0, 65535)
    flags.DEFINE_string("host", "127.0.0.1", "address to listen on; 0.0.0.0 lets the machines around in")


def main(argv: list[str]) -> None:
    """Prints the address and serves until it is interrupted."""
    del argv
    given = flags.FLAGS
    with server(Path(given.folder), given.port, given.host) as serving, contextlib.suppress(KeyboardInterrupt):
        print(f"the page is at {address(given.host, serving.server_port)} (Ctrl+C ends it)", flush=True)
        serving.serve_forever()


if __name__ == "__main__":
    _define_flags()
    errors.run(main)
