import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.serving.client import PORTS
from tests.photo_bytes import REFUSED, data, picture, png
from tf_homo import report, serving

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    (folder / "a.png").write_bytes(png(1, 32))
    (folder / "a2.png").write_bytes(png(3, 32))
    (folder / "b.jpg").write_bytes(data(picture(2, 60), "JPEG"))
    (folder / "cut.jpg").write_bytes(REFUSED["jpeg_cut"])
    (folder / "broken.json").write_text("{")
    return folder


def client(places, *flags, **given):
    """Runs the program; `given` replaces the usual flags, None leaves one out."""
    usual = {"source": places / "a.png", "target": places / "b.jpg", "frames": 3, "out": places / "m.gif"}
    flags += tuple(f"--{name}={value}" for name, value in (usual | given).items() if value is not None)
    command = [sys.executable, "-m", "export.serving.client", *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_two_photos_become_the_film_that_the_model_makes(protocol, places, served, server, tmp_path):
    out = tmp_path / "morph.gif"
    ended = client(
        places,
        *(f"--protocol={protocol}", f"--host=localhost:{getattr(server, protocol)}"),
        *(f"--model_json={served.folder / 'model.json'}", "--strength=Smiling=1,rest=0.5"),
        target=places / "a2.png",
        out=out,
    )
    assert ended.returncode == 0, ended.stderr
    assert "3 frames of 32x32 pixels" in ended.stdout
    model = serving.load(served.folder)
    branches = model.info["branches"]
    end = np.float32([{"expression": 1, "rest": 0.5}.get(name, 0) for name in branches])
    source, target = (np.asarray(Image.open(places / name), np.float32)[None] / 255 for name in ("a.png", "a2.png"))
    frames = model.frames(model.encode(source), model.encode(target), np.linspace(0, 1, 3)[:, None] * end)
    with Image.open(out) as film:
        assert film.n_frames == 4  # forth and back
        palette = film.copy()  # of the film: one made anew is another for a single pixel's least difference
        for i, frame in enumerate([*frames, frames[1]]):
            film.seek(i)
            wanted = Image.fromarray(report.enlarge(frame, 256)).quantize(palette=palette, dither=Image.Dither.NONE)
            shown, should = (np.asarray(each.convert("RGB"), float) for each in (film, wanted))
            assert np.abs(shown - should).mean() < 0.1


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_without_names_the_server_tells_how_many_branches_there_are(protocol, places, server, tmp_path):
    where = f"--protocol={protocol}", f"--host=localhost:{getattr(server, protocol)}"
    ended = client(places, *where, "--strength=all=0.7", out=tmp_path / "morph.gif")
    assert ended.returncode == 0, ended.stderr
    ended = client(places, *where, "--strength=age=1")
    assert_refused(ended, "--strength=age=1: the server does not tell the names of branches; give --model_json")


def assert_refused(ended, complaint):
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert complaint in line


def test_bad_flags_and_files_are_named(places, server):
    grpc = f"--host=localhost:{server.grpc}"
    for flags, given, complaint in (
        ((), {"source": places / "absent.jpg"}, "absent.jpg: cannot be read (No such file or directory)"),
        ((), {"source": "drawn_faces:x"}, "'x' is no index"),
        ((), {"out": "m.png"}, "use .gif"),
        ((), {"frames": 1}, "frames"),
        (("--host=http://localhost:8500",), {}, "gRPC takes HOST:PORT; leave out http://, or give --protocol=rest"),
        (("--timeout=inf",), {}, "timeout"),
        (
            ("--branches=a,b,c", "--strength=d=1", grpc),
            {},
            "no branch or attribute is called 'd'; the model has a, b, c",
        ),
        ((f"--model_json={places / 'broken.json'}",), {}, "broken.json: not JSON"),
        ((f"--model_json={places}",), {}, "cannot be read"),
    ):
        assert_refused(client(places, *flags, **given), complaint)


def test_what_the_server_refuses_is_told_in_one_line(places, server):
    for protocol in ("grpc", "rest"):
        where = f"--protocol={protocol}", f"--host=localhost:{getattr(server, protocol)}"
        assert_refused(client(places, *where, source=places / "cut.jpg"), "Invalid JPEG data")
        assert_refused(client(places, *where, "--branches=a,b"), "is not compatible with expected shape [?,3]")
        assert_refused(client(places, *where, "--model_name=other"), "Servable not found")
    assert not (places / "m.gif").exists()


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_by_default_the_server_on_this_machine_is_asked_at_the_protocol_s_port(protocol, places):
    ended = client(places, f"--protocol={protocol}", "--branches=a", "--model_name=nobody")
    assert_refused(ended, f"--host=localhost:{PORTS[protocol]}: ")


def test_a_slow_server_is_not_called_absent_and_raw_bytes_are_not_shown(places):
    with socket.create_server(("localhost", 0)) as server:  # takes calls and says nothing
        host = f"--host=localhost:{server.getsockname()[1]}"
        for protocol in ("grpc", "rest"):
            ended = client(places, host, f"--protocol={protocol}", "--branches=a", "--timeout=0.5")
            assert_refused(ended, "--timeout=0.5: no answer in that time; give more seconds")

    with socket.create_server(("localhost", 0)) as server:

        def babble():
            with server.accept()[0] as call:
                call.recv(10_000)
                call.sendall(b"\x00\x01\xff\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        host = f"--host=localhost:{server.getsockname()[1]}"
        assert_refused(client(places, host, "--protocol=rest"), "no REST server answers there (BadStatusLine)")
        thread.join()


def test_no_server_or_another_one_is_told(places):
    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"metadata": {}}).encode())

        def do_POST(self):
            self.send_response(500)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_):
            pass

    other = HTTPServer(("localhost", 0), Other)
    thread = threading.Thread(target=other.serve_forever)
    thread.start()
    host = f"--host=localhost:{other.server_port}"
    try:
        assert_refused(client(places, host, "--protocol=rest"), "no REST server answers there")
        assert_refused(
            client(places, host, "--protocol=rest", "--branches=a"), "the answer is not TensorFlow Serving's"
        )
    finally:
        other.shutdown()
        thread.join()
        other.server_close()
    assert_refused(client(places, host), "no gRPC server answers there; its port is 8500")
    assert_refused(client(places, host, "--protocol=rest"), "no REST server answers there")
