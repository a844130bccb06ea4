"""The bytes of an input in UTF-8, whatever it was written in."""

from __future__ import annotations

import codecs
from typing import BinaryIO


class ByteSource:
    """Bytes of an input in UTF-8, whatever it was written in: a UTF-8 mark is dropped, UTF-16 is decoded."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        head = stream.read(4)
        self._decoder: codecs.IncrementalDecoder | None = None
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        elif len(head) == 4 and head[1] == 0 and head[3] == 0:
            self._decoder = codecs.getincrementaldecoder("utf-16-le")("replace")
        elif len(head) == 4 and head[0] == 0 and head[2] == 0:
            self._decoder = codecs.getincrementaldecoder("utf-16-be")("replace")
        elif head.startswith(codecs.BOM_UTF8):
            head = head[3:]
        self.consumed = len(head)
        self._head = self._decode(head, final=False)

    def _decode(self, data: bytes, *, final: bool) -> bytes:
        return data if self._decoder is None else self._decoder.decode(data, final).encode("utf-8")

    def read(self, size: int) -> bytes:
        """Return up to about ``size`` further bytes, empty at the end."""
        data = self._stream.read(size)
        self.consumed += len(data)
        out = self._head + self._decode(data, final=not data)
        self._head = b""
        if not out and data:
            return self.read(size)
        return out
