"""A store of remittances and claims: a folder of Parquet tables, one folder for each file that was added.

Files are only ever added.  A file is named by the SHA-256 of its bytes, so that adding it twice changes nothing; its
folder appears whole or not at all.  Names, birth dates, free text and member numbers of patients are not kept: what
tells patients apart is a digest keyed with a secret of the store, so that the same patient can be followed inside the
store and nowhere else.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import polars as pl

from scrubjay import catalogue
from scrubjay.errors import InputError, ScrubjayError
from scrubjay.learn.claims import Claims, claim_files, read_claims
from scrubjay.learn.predict import HIT_SCHEMA
from scrubjay.learn.reading import Progress, Read, Source, digest_of, expanded, read_all
from scrubjay.learn.targets import TARGET_SCHEMA
from scrubjay.model import SHAPES, Tables, concat
from scrubjay.model835 import ACKNOWLEDGEMENTS, REMIT_SHAPES, Remits, concat_remits, frame_of
from scrubjay.policy import PolicySet
from scrubjay.refdata import References

_KEY = "key"
_META = "file.json"
_REMITTANCES, _CLAIMS = "remittances", "claims"
_HIDDEN_REMIT = ("patient_last", "patient_first", "corrected_member_id")
_HIDDEN_CLAIM = (
    "patient_last", "patient_first", "patient_dob", "patient_sex", "patient_state", "accident_date", "hospital_from", "onset_date",
    "last_seen_date",
)  # fmt: skip
_HIDDEN_LINE = ("description", "line_note", "mea_code", "mea_value_milli")


class Store:
    """A store in a folder, which is made where it does not exist."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise ScrubjayError(f"{folder}: is a file; a store is a folder")
        for name in (_REMITTANCES, _CLAIMS):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._secret = self._key()

    def _key(self) -> bytes:
        path = self.folder / _KEY
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = path.read_bytes()
            if len(key) != 32:
                raise ScrubjayError(f"{path}: the store's key is damaged; its patients cannot be told apart") from None
            return key
        key = secrets.token_bytes(32)
        with os.fdopen(handle, "wb") as out:
            out.write(key)
        return key

    def digest(self, *parts: str | None) -> str | None:
        """Return the keyed digest of what identifies a patient, None where nothing is known."""
        text = "\x1f".join((p or "").strip().upper() for p in parts)
        if not text.strip("\x1f"):
            return None
        return hashlib.blake2b(text.encode(), digest_size=16, key=self._secret).hexdigest()

    def add_remittances(self, sources: Iterable[Source], progress: Progress | None = None) -> list[InputError]:
        """Add remittances and acknowledgements; return what could not be read.

        A file with an error is not added: once it is whole its bytes differ, and its payments would be counted twice.
        """
        errors: list[InputError] = []
        inputs = [item for source in sources for item in expanded(source, errors)]
        for name, opened, _ in inputs:
            data = None
            try:
                with opened() as stream:
                    if not Path(name).is_file():
                        data = stream.read()
                        digest = digest_of(io.BytesIO(data))
                    else:
                        digest = digest_of(stream)
            except OSError as error:
                errors.append(InputError(name, f"cannot be read ({error.strerror}); check who may read it"))
                continue
            if (self.folder / _REMITTANCES / digest).is_dir():
                continue
            read = read_all([data if data is not None else name], progress)
            if read.errors:
                errors += [InputError(name, f"{e.message}; not added to the store", e.segment) for e in read.errors]
                continue
            tables = {f.name: getattr(read.remits, f.name) for f in fields(Remits)}
            tables["claims"] = self._without_patients(tables["claims"], _HIDDEN_REMIT)
            # What was found instead of a date or an amount may be anything.
            tables["defects"] = tables["defects"].with_columns(
                pl.when(pl.col("kind").str.contains("balance|count|control")).then("found").alias("found")
            )
            tables["acknowledgements"] = read.acknowledgements
            self._put(_REMITTANCES, digest, tables, {"file": Path(name).name, "bytes": read.files[0]["bytes"]})
        return errors

    def add_claims(
        self,
        names: Sequence[str | os.PathLike[str]],
        *,
        policy: str,
        policy_set: PolicySet,
        refs: References,
        as_of: dt.date,
    ) -> list[InputError]:
        """Check claims and add them with what was found; return what could not be read."""
        errors: list[InputError] = []
        for name in (path for item in names for path in claim_files(item, errors)):
            with Path(name).open("rb") as stream:
                digest = digest_of(stream)
            if (self.folder / _CLAIMS / digest).is_dir():
                continue
            held, broken = read_claims([name], policy=policy, policy_set=policy_set, refs=refs, as_of=as_of)
            if broken:
                errors += [InputError(name, f"{e.message}; not added to the store", e.segment) for e in broken]
                continue
            tables = {
                "claims": self._without_patients(held.tables.claims, _HIDDEN_CLAIM),
                "lines": _blank(held.tables.lines, _HIDDEN_LINE),
                "hits": held.hits,
                "targets": held.targets,
            }
            self._put(_CLAIMS, digest, tables, {"file": Path(name).name, "catalogue": catalogue.digest()})
        return errors

    def remittances(self) -> Read:
        """Return all remittances and acknowledgements of the store, in the order of their hashes."""
        parts: list[Remits] = []
        acks = [frame_of(ACKNOWLEDGEMENTS)]
        read = Read(Remits.empty(), acks[0])
        payment = claim = line = 0
        for folder, meta in self._members(_REMITTANCES):
            number = len(read.files)
            shift = {"payment_id": payment, "remit_claim_id": claim, "remit_line_id": line}
            tables = {
                name: _shifted(_read(folder, name, [c.name for c in REMIT_SHAPES[name]]), shift, number)
                for name in REMIT_SHAPES
            }
            part = Remits(**tables)
            ack = _shifted(_read(folder, "acknowledgements", [c.name for c in ACKNOWLEDGEMENTS]), {}, number)
            parts.append(part)
            acks.append(ack)
            payment, claim, line = payment + len(part.payments), claim + len(part.claims), line + len(part.lines)
            counts = {"payments": len(part.payments), "claims": len(part.claims), "lines": len(part.lines)}
            read.files.append({**meta, **counts, "acknowledgements": len(ack)})
        read.remits, read.acknowledgements = concat_remits(parts), pl.concat(acks)
        return read

    def claims(self) -> Claims | None:
        """Return all claims of the store with what was found on them; None where it holds none."""
        parts: list[Tables] = []
        hits = [pl.DataFrame(schema=HIT_SCHEMA)]
        targets = [pl.DataFrame(schema=TARGET_SCHEMA)]
        files: list[str] = []
        claim = line = 0
        empty = Tables.empty()
        for folder, meta in self._members(_CLAIMS):
            shift = {"claim_id": claim, "line_id": line}
            claims = _shifted(_read(folder, "claims", [c.name for c in SHAPES["claims"]]), shift, len(files))
            lines = _shifted(_read(folder, "lines", [c.name for c in SHAPES["lines"]]), shift, len(files))
            parts.append(Tables(claims, lines, empty.diagnoses, empty.notes, empty.defects))
            hits.append(_shifted(_read(folder, "hits", list(HIT_SCHEMA)), shift, len(files)))
            targets.append(_shifted(_read(folder, "targets", list(TARGET_SCHEMA)), shift, len(files)))
            files.append(meta["file"])
            claim, line = claim + len(claims), line + len(lines)
        return Claims(concat(parts), pl.concat(hits), files, pl.concat(targets)) if parts else None

    def _without_patients(self, claims: pl.DataFrame, hidden: tuple[str, ...]) -> pl.DataFrame:
        """Put the keyed digest in the place of the member number; without one, names tell patients apart."""
        made = [
            self.digest(member) if member else self.digest("name", last, first) if last or first else None
            for member, last, first in claims.select("member_id", "patient_last", "patient_first").iter_rows()
        ]
        return _blank(claims, hidden).with_columns(pl.Series("member_id", made, dtype=pl.String))

    def _put(self, kind: str, digest: str, tables: dict[str, pl.DataFrame], meta: dict[str, Any]) -> None:
        target = self.folder / kind / digest
        beside = target.with_name(f".{digest}.{os.getpid()}.part")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        try:
            for name, table in tables.items():
                table.write_parquet(beside / f"{name}.parquet", compression="zstd")
            (beside / _META).write_text(json.dumps({**meta, "sha256": digest}) + "\n", encoding="utf-8")
            beside.rename(target)
        except OSError:
            shutil.rmtree(beside, ignore_errors=True)
            # Another process may have added the same file meanwhile: then it is there.
            if not target.is_dir():
                raise

    def _members(self, kind: str) -> list[tuple[Path, dict[str, Any]]]:
        found = []
        for folder in sorted(p for p in (self.folder / kind).iterdir() if not p.name.startswith(".")):
            try:
                found.append((folder, json.loads((folder / _META).read_text(encoding="utf-8"))))
            except (OSError, ValueError) as error:
                raise InputError(str(folder), "is no part of a store; remove it and add its file again") from error
        return found


def _blank(frame: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    return frame.with_columns(pl.lit(None, dtype=frame.schema[name]).alias(name) for name in names)


def _shifted(frame: pl.DataFrame, shift: dict[str, int], file: int) -> pl.DataFrame:
    """Give ids of a file their place in the whole."""
    moved = [(pl.col(n) + by).cast(pl.UInt32) for n, by in shift.items() if n in frame.columns and by]
    numbered = [pl.lit(file, dtype=pl.UInt32).alias("file")] if "file" in frame.columns else []
    return frame.with_columns(*moved, *numbered)


def _read(folder: Path, name: str, columns: list[str]) -> pl.DataFrame:
    path = folder / f"{name}.parquet"
    try:
        return pl.read_parquet(path).select(columns)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            str(path), f"cannot be read ({type(error).__name__}); remove its folder and add the file again"
        ) from error
