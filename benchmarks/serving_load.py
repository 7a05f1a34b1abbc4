"""Clients at once on a served model: does each get the answers that one client alone gets, and how fast?

    python -m benchmarks.serving_load --host=localhost:8500 --protocol=grpc --clients=8 --seconds=60

First every question (a pair of photos, rows of strength) is asked alone, then clients go round the same questions until
the time is over. Prints JSON; ends with status 1 where an answer was an error or differed by more than a level of 255.
"""

import io
import itertools
import json
import sys
import threading
import time
from concurrent import futures

import numpy as np
from absl import flags
from PIL import Image
from tqdm import tqdm

from export.serving import client
from tf_homo import errors
from tf_homo.errors import InputError

QUESTIONS, ROWS, SIDE = 8, 4, 96  # rows are frames of an answer, pixels a side of a photo


def measure(
    protocol: str, host: str, model: str, clients: int, seconds: float = 60, requests: int | None = None
) -> dict[str, float]:
    """Asks for `seconds`, or until `requests` are answered, and counts.

    Raises:
      InputError: no server answers, or it refuses what one client asks alone.
    """
    ask, branches_of = client.PROTOCOLS[protocol]
    rng, branches = np.random.default_rng(0), branches_of(host, model, 60)
    questions = [
        {"source": [_photo(rng)], "target": [_photo(rng)], "strength": rng.random((ROWS, branches)).tolist()}
        for _ in range(QUESTIONS)
    ]
    alone = [_pixels(ask(host, model, question, 60)) for question in questions]
    numbers, errors_seen, times, gaps = itertools.count(), [], [], []
    end, bar = time.perf_counter() + seconds, tqdm(unit=" requests", total=requests)
    lock = threading.Lock()

    def work(worker: int) -> None:
        for i in itertools.count(worker):
            if (requests is None and time.perf_counter() > end) or (requests is not None and next(numbers) >= requests):
                return
            start = time.perf_counter()
            try:
                answer = _pixels(ask(host, model, questions[i % QUESTIONS], 60))
            except InputError as error:
                errors_seen.append(str(error))
            else:
                times.append(time.perf_counter() - start)
                gaps.append(np.abs(answer - alone[i % QUESTIONS]).max())
            with lock:
                bar.update()

    start = time.perf_counter()
    with bar, futures.ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(work, worker) for worker in range(clients)]:
            done.result()
    passed = time.perf_counter() - start
    return {
        "clients": clients,
        "seconds": round(passed, 1),
        "requests": len(times) + len(errors_seen),
        "errors": len(errors_seen),
        "first_error": errors_seen[0] if errors_seen else None,
        "unequal": int(np.count_nonzero(gaps)),
        "largest_difference": float(max(gaps, default=0)),  # levels of 255
        "requests_per_second": round(len(times) / passed, 1),
        "median_ms": round(1000 * float(np.median(times)), 1) if times else None,
        "slowest_ms": round(1000 * max(times), 1) if times else None,
    }


def _photo(rng: np.random.Generator) -> bytes:
    file = io.BytesIO()
    coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8))
    coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(file, "JPEG")
    return file.getvalue()


def _pixels(frames: list[bytes]) -> np.ndarray:
    return np.stack([np.asarray(Image.open(io.BytesIO(frame)), float) for frame in frames])


def main(argv: list[str]) -> None:
    """Measures the server that the flags name."""
    del argv
    given = flags.FLAGS
    if given.protocol == "grpc":
        client.serving_api()
    host = given.host or client.local(given.protocol)
    found = measure(given.protocol, host, given.model_name, given.clients, given.seconds)
    print(json.dumps({"host": host, "protocol": given.protocol, "frames_per_request": ROWS, **found}))
    if found["errors"] or found["largest_difference"] > 1:
        sys.exit(1)


if __name__ == "__main__":
    flags.DEFINE_string("host", None, "the server, HOST:PORT; default: on this machine")
    flags.DEFINE_enum("protocol", "grpc", list(client.PROTOCOLS), "by default gRPC listens at 8500, REST at 8501")
    flags.DEFINE_string("model_name", "tf_homo", "the name that the model is served under")
    flags.DEFINE_integer("clients", 8, "at once", 1)
    flags.DEFINE_float("seconds", 60, "how long", 0.1)
    errors.run(main)
