"""The library's front door: check claims and return a report."""

from __future__ import annotations

import datetime as dt
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl

from scrubjay import catalogue as listing
from scrubjay import policy as policies
from scrubjay import refdata
from scrubjay._version import __version__
from scrubjay.batch import Batch, Input, Progress, Settings, spooled
from scrubjay.conformance import judge as guide
from scrubjay.edit import Edit, catalogue
from scrubjay.errors import InputError, ScrubjayError
from scrubjay.facts import Run
from scrubjay.facts.history import read_history
from scrubjay.findings import nothing
from scrubjay.levels import levels
from scrubjay.model import Tables
from scrubjay.refdata import References
from scrubjay.refdata_manifest import MANIFEST, user_folder
from scrubjay.report import Counts, Later, Report, coverage_table, money, present, run_facts
from scrubjay.spill import Slot

Source = str | os.PathLike[str] | bytes | BinaryIO | Tables


def check(
    source: Source | Iterable[Source],
    *,
    policy: str = "auto",
    as_of: dt.date | None = None,
    received: dt.date | None = None,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    refs: References | None = None,
    policy_set: policies.PolicySet | None = None,
    history: str | os.PathLike[str] | pl.DataFrame | None = None,
    preview: bool = False,
    raw: bool = False,
    phi: bool = False,
    keep: int = 0,
    conformance: bool = False,
    write_history: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check professional claims and return what a payer would deny, and what could not be judged.

    ``source`` is one input or several: a path (a folder means its files), bytes, an open binary stream, or
    :class:`~scrubjay.model.Tables`.  ``policy`` forces one payer policy, ``auto`` picks per claim.  ``as_of`` is the
    day of judgement (default today), ``received`` the day the payer gets the claims (default ``as_of``).  ``select``
    and ``ignore`` hold edit codes, prefixes, names or categories.  ``history`` is a folder of earlier claims (837P, or Parquet written by
    ``write_history``): duplicates, frequency and first visits are judged against it.  ``raw`` keeps the segment text of findings,
    ``keep`` that many claims with findings whole (``Report.kept``), those with the most at stake.
    ``conformance`` also asks pyx12 whether the input keeps to the implementation guide: some hundred claims a second, in a
    process of its own.  ``write_history`` names a Parquet file that gets the claims of this run, so that a later run can be judged
    against them; claims it holds already are replaced.

    A part of the input that cannot be read is an entry of ``Report.errors``; the rest is still checked.  Wrong
    arguments raise :class:`~scrubjay.errors.ScrubjayError`.  Nothing is shared between calls but read-only tables, so
    calls from several threads do not disturb each other.
    """
    as_of = as_of or dt.date.today()  # noqa: DTZ011 - the day where the biller sits
    if conformance:
        guide.available()
    refs = refs if refs is not None else shared_references()
    policy_set = (policy_set if policy_set is not None else policies.load()).on(as_of)
    if policy != "auto" and policy not in policy_set.names():
        raise ScrubjayError(f"no policy is called {policy!r}; known: auto, {', '.join(policy_set.names())}")
    every = catalogue()
    edits = selected(every, select, ignore, preview=preview)
    run = Run(as_of, received or as_of, None if policy == "auto" else policy)
    codes = tuple(every)
    earlier = read_history(history) if isinstance(history, (str, os.PathLike)) else history
    single = isinstance(source, (str, os.PathLike, bytes, Tables)) or hasattr(source, "read")
    sources = cast("list[Source]", [source] if single else list(cast("Iterable[Source]", source)))
    inputs: list[Input] = []
    with ExitStack() as stack:
        record = None if write_history is None else stack.enter_context(_recording(write_history))
        ranks = levels(policy_set, codes)
        batch = Batch(Settings(refs, policy_set, edits, ranks, run, earlier, raw, phi, keep, conformance, record))
        for item in sources:
            if isinstance(item, Tables):
                batch.add_tables("tables", item)
            else:
                inputs.extend(_inputs(item, batch, stack))
        batch.add_inputs(inputs, progress)
    return _report(batch, policy, as_of)


def _recording(path: str | os.PathLike[str]) -> AbstractContextManager[Callable[[Tables], None]]:
    # Most runs write no history and start without what writes Parquet.
    from scrubjay.facts.record import recording

    return recording(path)


def selected(
    every: Mapping[str, Edit], select: Sequence[str] | None, ignore: Sequence[str] | None, *, preview: bool
) -> dict[str, Edit]:
    """Return the edits that a selection asks for; a word that names none is refused."""

    def named(word: str) -> set[str]:
        text = word.strip()
        code = listing.normal_code(text)
        exact = {c for c, e in every.items() if c == code or e.name == text.lower()}
        found = exact or {
            c for c, e in every.items() if e.category == text.lower() or code == "ALL" or (code and c.startswith(code))
        }
        if not found:
            near = listing.nearest(text)
            hint = f"did you mean {', '.join(near)}?" if near else "scrubjay edits lists them"
            raise ScrubjayError(f"no edit, prefix, name or category is called {text!r}; {hint}")
        return found

    def all_of(words: Sequence[str]) -> set[str]:
        return set().union(*(named(word) for word in words))

    chosen = (all_of(select) if select else set(every)) - all_of(ignore or ())
    return {c: e for c, e in every.items() if c in chosen and (preview or e.status == "stable")}


@lru_cache(maxsize=4)
def _references(folder: Path | None, stamp: tuple[int, int]) -> References:
    return refdata.load()


def shared_references() -> References:
    """Return the packaged tables with the user's imports, read once per process and again when an import changed them."""
    folder = user_folder()
    try:
        state = (folder / MANIFEST).stat() if folder else None
    except OSError:
        state = None
    return _references(folder, (state.st_mtime_ns, state.st_size) if state else (0, 0))


_IN_MEMORY = 64 << 20
"""A stream up to this size is kept in memory; a longer one in a private temporary file, since it may be read twice."""


def _inputs(item: str | os.PathLike[str] | bytes | BinaryIO, batch: Batch, stack: ExitStack) -> list[Input]:
    if isinstance(item, bytes):
        return [Input("<bytes>", lambda: io.BytesIO(item), len(item))]
    if not isinstance(item, (str, os.PathLike)):
        name = str(getattr(item, "name", "<stdin>"))
        head = item.read(_IN_MEMORY)
        if len(head) < _IN_MEMORY:
            return [Input(name, lambda: io.BytesIO(head), len(head))]
        opener = stack.enter_context(spooled(head, item))
        with opener() as stream:
            return [Input(name, opener, stream.seek(0, io.SEEK_END))]
    path = Path(item)
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        if not files:
            batch.outcome.errors.append(
                InputError(str(item), "the folder holds no files; name a file or another folder")
            )
        return [_file(p) for p in files]
    if not path.exists():
        batch.outcome.errors.append(InputError(str(item), "no such file; check the name"))
        return []
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        batch.outcome.errors.append(
            InputError(str(item), f"cannot be opened ({error.strerror}); check who may read it")
        )
        return []
    return [_file(path)]


def _file(path: Path) -> Input:
    opener: Callable[[], BinaryIO] = lambda: path.open("rb")  # noqa: E731 - the name is the field's
    return Input(str(path), opener, path.stat().st_size)


def _report(batch: Batch, policy: str, as_of: dt.date) -> Report:
    settings, outcome = batch.settings, batch.outcome
    files = [i["file"] for i in outcome.inputs]
    pile, edits = outcome.findings, settings.edits

    def slices() -> Iterator[pl.DataFrame]:
        frames = pile.frames()
        first = next(frames, None)
        yield _nothing() if first is None else present(first, files, edits)
        for frame in frames:
            yield present(frame, files, edits)

    counts = Counts()
    shown: list[pl.DataFrame] = []
    for part in slices():
        counts.add(part)
        if not pile.spilled:
            shown.append(part)
    headers, set_of = outcome.headers, settings.policy
    claims = sum(i["claims"] for i in outcome.inputs)
    summary = {
        "claims": claims,
        "lines": sum(i["lines"] for i in outcome.inputs),
        "clean_claims": claims - counts.dirty,
        "findings": counts.levels,
        "amount_at_risk": counts.amount_at_risk,
    }
    return Report(
        run=run_facts(__version__, listing.digest(), settings.refs.info(), policy, as_of, outcome.inputs),
        summary=summary,
        findings=cast("pl.DataFrame", Later(slices)) if pile.spilled else pl.concat(shown),
        claims=cast("pl.DataFrame", Later(lambda: iter([_claim_headers(headers, files, set_of)])))
        if pile.spilled
        else _claim_headers(headers, files, set_of),
        coverage=coverage_table(outcome.tallies, counts.edits),
        errors=[{"file": e.file, "segment": e.segment, "message": e.message} for e in outcome.errors],
        kept=batch.kept.tables(),
    )


@lru_cache(maxsize=1)
def _nothing() -> pl.DataFrame:
    """Return the findings of a report without any."""
    return present(nothing(), [], {})


def _claim_headers(headers: list[Slot], files: list[str], policy: policies.PolicySet) -> pl.DataFrame:
    schema = {
        "claim_id": pl.UInt32, "file": pl.String, "transaction": pl.String, "claim": pl.String, "policy": pl.String, "payer": pl.String,
        "service_date": pl.Date, "pos": pl.String, "charge": pl.String, "lines": pl.Int64, "rendering_npi": pl.String,
    }  # fmt: skip
    if not headers:
        return pl.DataFrame(schema=schema)
    labels = {name: policy.label(name) for name in policy.names()}
    return (
        pl.concat([slot.get() for slot in headers])
        .lazy()
        .unique("claim_id", keep="last")
        .sort("claim_id")
        .with_columns(
            pl.col("file").replace_strict(dict(enumerate(files)), return_dtype=pl.String),
            pl.col("policy").replace_strict(labels, return_dtype=pl.String).alias("payer"),
            money(pl.col("charge_cents")).alias("charge"),
        )
        .select(list(schema))
        .collect(engine="in-memory")
    )
