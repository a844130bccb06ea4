"""Remittances for tests: the writer of the example, and how to read what it wrote."""

from __future__ import annotations

import importlib.util
import io
import sys
from types import ModuleType

import polars as pl

from conftest import ROOT
from scrubjay.errors import InputError
from scrubjay.io.interchange import CHUNK_BYTES
from scrubjay.io.remittance import read_remittances
from scrubjay.io.source import ByteSource
from scrubjay.model835 import Remits, concat_remits


def _writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_remit", ROOT / "examples" / "build_remit.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


writer = _writer()
Line, ClaimPayment, Payment, written = writer.Line, writer.ClaimPayment, writer.Payment, writer.written


def read(data: bytes, size: int = CHUNK_BYTES) -> tuple[Remits, pl.DataFrame, list[InputError]]:
    """Read bytes: the tables, the acknowledgements, the errors."""
    pieces = list(read_remittances(ByteSource(io.BytesIO(data)), "x.835", size=size))
    return (
        concat_remits([p.remits for p in pieces]),
        pl.concat([p.acknowledgements for p in pieces]),
        [e for p in pieces for e in p.errors],
    )


def wrap(body: str, kind: str = "HP", version: str = "005010X221A1") -> bytes:
    """Put an envelope around segments written one a line, with ST and SE counted by the caller."""
    head = (
        "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260330*0800*^*00501*000000001*0*P*:~\n"
    )
    group = f"GS*{kind}*S*R*20260330*0800*1*X*{version}~\n"
    segments = "~\n".join(line.strip() for line in body.strip().splitlines())
    return f"{head}{group}{segments}~\nGE*1*1~\nIEA*1*000000001~\n".encode()
