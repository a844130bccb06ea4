"""Frames put aside while a run goes on: in memory as long as they are few, else in a temporary file without a name."""

from __future__ import annotations

import io
import tempfile
import threading
import weakref
from typing import IO

import polars as pl

from scrubjay.errors import ScrubjayError

LIMIT = 32 << 20
"""Bytes of frames that stay in memory; past it all of them go to the file."""


class Slot:
    """One frame put aside."""

    __slots__ = ("_frame", "_place", "_spill", "height")

    def __init__(self, spill: Spill, frame: pl.DataFrame) -> None:
        self._spill = spill
        self._frame: pl.DataFrame | None = frame
        self._place = (0, 0)
        self.height = frame.height

    def get(self) -> pl.DataFrame:
        """Return the frame."""
        return self._frame if self._frame is not None else self._spill._read(*self._place)

    def move(self) -> None:
        """Let the frame go to the file."""
        if self._frame is not None:
            self._place = self._spill._write(self._frame)
            self._frame = None


class Spill:
    """Frames put aside, bounded in memory.

    They may hold patient data, so the file is the owner's alone and has no name: nobody else can open it, and it is gone
    with the object, with the process, and when either dies.  It lies where temporary files lie (``TMPDIR``).
    """

    def __init__(self) -> None:
        self._resident: list[Slot] = []
        self._bytes: int | float = 0
        self._end = 0
        self._file: IO[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def spilled(self) -> bool:
        """Say whether anything had to leave memory."""
        return self._file is not None

    def put(self, frame: pl.DataFrame) -> Slot:
        """Put a frame aside."""
        slot = Slot(self, frame)
        self._resident.append(slot)
        self._bytes += frame.estimated_size()
        if self._bytes > LIMIT:
            for resident in self._resident:
                resident.move()
            self._resident.clear()
            self._bytes = 0
        return slot

    def _write(self, frame: pl.DataFrame) -> tuple[int, int]:
        packed = io.BytesIO()
        # Not the newest layout: its strings may hold on to the buffers of a whole piece.
        frame.write_ipc(packed, compression="lz4", compat_level=pl.CompatLevel.oldest())
        try:
            if self._file is None:
                # A finalizer closes it.
                self._file = tempfile.TemporaryFile(prefix="scrubjay-")  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            with self._lock:
                self._file.seek(self._end)
                self._file.write(packed.getbuffer())
                self._file.flush()
        except OSError as error:
            where = tempfile.gettempdir()
            raise ScrubjayError(
                f"{where}: findings of a large run cannot be put aside there ({error.strerror});"
                " make room, or set TMPDIR to a folder that has some"
            ) from None
        place = (self._end, packed.tell())
        self._end += packed.tell()
        return place

    def _read(self, at: int, length: int) -> pl.DataFrame:
        assert self._file is not None
        with self._lock:
            self._file.seek(at)
            data = self._file.read(length)
        return pl.read_ipc(data)
