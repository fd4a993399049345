"""A look through a film that does to its reader what hostile films do, as the film's name says.

The name's first word is the fault, the second the second of the film at which it happens.
"""

import ctypes
import os
import signal
from pathlib import Path
from typing import BinaryIO

from pipeline.decoding.films import film_decoding as usual
from pipeline.decoding.films.film_decoding import FilmOutput, Paint
from pipeline.decoding.process.reader_messages import FilmEnded, FilmOpened, LookRequest

ENTRY = "tests.pipeline.film_faults:look"
SLEEP_SECONDS = 3600


def look(stream: BinaryIO, request: LookRequest, output: FilmOutput) -> FilmEnded:
    """Misbehave at a moment; once, if the fault's name ends so."""
    fault, moment = Path(request.path).stem.split()[:2]
    return usual.look(stream, request, _Faulty(output, Path(request.path), fault, float(moment)))


class _Faulty:
    def __init__(self, output: FilmOutput, path: Path, fault: str, moment: float) -> None:
        self._output = output
        self._path = path
        self._fault = fault
        self._moment = moment

    def open(self, opened: FilmOpened) -> None:
        with self._path.with_suffix(".tries").open("a") as tries:
            tries.write(f"{os.getpid()}\n")
        self._output.open(opened)

    def give(self, moment: float, after_cut: bool, shape: tuple[int, int], paint: Paint) -> None:
        if moment >= self._moment:
            self._do()
        self._output.give(moment, after_cut, shape, paint)

    def go_on(self, reached: float) -> bool:
        return self._output.go_on(reached)

    def _do(self) -> None:
        kind, _, once = self._fault.partition("-")
        if once and len(self._path.with_suffix(".tries").read_text().splitlines()) > 1:
            return
        if kind == "segfault":
            ctypes.string_at(0)
        elif kind == "hang":
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            ctypes.PyDLL(None).sleep(SLEEP_SECONDS)
        elif kind == "eat":
            hoard = []
            while True:
                hoard.append(bytearray(64 << 20))
        elif kind == "lie":
            self._output.give(-1.0, False, (1, 1), lambda _: None)
