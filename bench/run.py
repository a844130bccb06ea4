"""Times Scrubjay and its peers on the same generated files, each as a whole process, and writes a page of it.

    python bench/run.py --peers .venv-bench/bin --output docs/bench.md 1k 10k 100k 1m

Each program is a process of its own that reads a file from the page cache and does its whole work.  What the programs
do differs, and the page says what each does.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from measure import Measure, run
from scrubjay import catalogue

HERE = Path(__file__).resolve().parent
SCALE = {"": 1, "k": 1_000, "m": 1_000_000}
LIMIT = 420.0
"""Seconds after which a program is killed."""
LONG = 20.0
"""Seconds from which one run is enough."""


@dataclass(frozen=True)
class Program:
    """A competitor: what it does, its command, what it must say when it is done, the most claims it is given."""

    name: str
    does: str
    command: tuple[str, ...]
    says: str
    largest: int = 10**9
    fine: tuple[int, ...] = (0,)
    faultless: bool = False


BIN = Path(sys.executable).parent
"""Where this environment keeps its commands, `scrubjay` among them."""


def programs(peers: Path | None) -> list[Program]:
    """Return the competitors, those of the peers' environment only where it is given."""
    scrubjay = (str(BIN / "scrubjay"), "check", "--no-progress", "--as-of", "2026-11-01", "{file}", "-o", os.devnull)
    edits = "tokenises, maps, runs every edit against every reference table"
    said = "{claims:,} claim"
    found = [
        Program("scrubjay, jsonl", edits, (*scrubjay, "--format", "jsonl"), said, fine=(0, 1, 3)),
        Program("scrubjay, parquet", edits, (*scrubjay, "--format", "parquet"), said, fine=(0, 1, 3)),
        Program(
            "bytes.split",
            "splits segments and elements, keeps nothing",
            (sys.executable, str(HERE / "peers/split_bytes.py"), "{file}"),
            "{claims}",
        ),
        Program(
            "plain Python loop",
            "maps five elements of each line, runs one edit",
            (sys.executable, str(HERE / "peers/plain_loop.py"), "{file}"),
            "{claims} ",
        ),
    ]
    if peers is not None:
        found += [
            # x12valid leaves with 1 when it is done, because its main function returns True.
            Program(
                "pyx12 (x12valid)",
                "validates against the implementation guide",
                (str(peers / "x12valid"), "--quiet", "{file}"),
                ": OK",
                largest=10_000,
                fine=(0, 1),
            ),
            Program(
                "linuxforhealth-x12",
                "reads every loop into Pydantic models (of faultless claims)",
                (str(peers / "python"), str(HERE / "peers/linuxforhealth_models.py"), "{file}"),
                "{claims}",
                largest=10_000,
                faultless=True,
            ),
        ]
    return found


def size(text: str) -> int:
    """Read ``10k`` as 10000."""
    number = text.lower().rstrip("km")
    return int(number) * SCALE[text.lower()[len(number) :]]


def generate(claims: int, seed: int, folder: Path, *, faultless: bool = False) -> Path:
    """Write the file of so many claims, unless an earlier run left it, and read it once, so that it is in memory."""
    path = folder / f"claims-{claims}-seed{seed}{'-faultless' if faultless else ''}.837"
    if not path.exists():
        clean = ("clean",) if faultless else ()
        made = run((sys.executable, str(HERE / "generate.py"), str(claims), str(seed), str(path), *clean), LIMIT)
        if made.exit_code != 0:
            why = made.complained.strip()[-500:]
            sys.exit(f"no file of {claims} claims could be made (exit code {made.exit_code}): {why}")
    with path.open("rb") as stream:
        while stream.read(1 << 20):
            continue
    return path


def failure(program: Program, measure: Measure, claims: int) -> str | None:
    """Return why a run does not count: killed, broken, or not done with all the claims."""
    if measure.exit_code < 0:
        return f"killed after {LIMIT:.0f} s"
    if measure.exit_code not in program.fine:
        return f"failed with exit code {measure.exit_code}"
    if program.says.format(claims=claims) not in measure.printed + measure.complained:
        return "did not say that it read all claims"
    return None


def best(program: Program, path: Path, claims: int) -> Measure:
    """Return the fastest of three runs, of a single one where a run is long or fails."""
    command = [part.format(file=path) for part in program.command]
    first = run(command, LIMIT)
    if first.seconds > LONG or failure(program, first, claims):
        return first
    return min([first, *(run(command, LIMIT) for _ in range(2))], key=lambda measure: measure.seconds)


def row(program: Program, measure: Measure, claims: int, megabytes: float) -> str:
    """Return one line of a table; a failure stands there as a failure."""
    why = failure(program, measure, claims)
    if why is not None:
        return f"| {program.name} | {program.does} | {why} | | | |"
    rates = f"{claims / measure.seconds:,.0f} | {megabytes / measure.seconds:,.1f}"
    return f"| {program.name} | {program.does} | {measure.seconds:,.2f} | {rates} | {measure.peak_mib:,.0f} MiB |"


def table(claims: int, seed: int, folder: Path, competitors: Sequence[Program]) -> list[str]:
    """Run every competitor that takes this size and return its section of the page."""
    path = generate(claims, seed, folder)
    lines = [
        f"## {claims:,} claims, {path.stat().st_size / 1e6:,.1f} MB",
        "",
        "| program | what it does | seconds | claims/s | MB/s | peak memory |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for program in competitors:
        if claims <= program.largest:
            given = generate(claims, seed, folder, faultless=True) if program.faultless else path
            lines.append(row(program, best(program, given, claims), claims, given.stat().st_size / 1e6))
            print(lines[-1], flush=True)
    return [*lines, ""]


def machine(peers: Path | None) -> list[str]:
    """Return what the figures were measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    processor = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.processor() or "unknown",
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    names = ["scrubjay", "polars", "pyarrow", "numpy"]
    versions = [f"{name} {metadata.version(name)}" for name in names]
    if peers is not None:
        names = "('pyx12', 'linuxforhealth-x12', 'pydantic')"
        ask = f"from importlib.metadata import version; print(*(f'{{n}} {{version(n)}}' for n in {names}), sep=', ')"
        versions.append("beside " + run([str(peers / "python"), "-c", ask], 60).printed.strip())
    return [
        "| | |",
        "| --- | --- |",
        f"| date | {dt.datetime.now(dt.UTC).date()} |",
        f"| processor | {processor}, {os.cpu_count()} cores |",
        f"| memory | {memory:.0f} GiB |",
        f"| system | {platform.system()} {platform.release()} |",
        f"| Python | {platform.python_version()} |",
        f"| catalogue | {len(catalogue.edits())} edits |",
        f"| versions | {', '.join(versions)} |",
    ]


def single() -> list[str]:
    """Return the section on one claim in a warm process."""
    measure = run([sys.executable, str(HERE / "single.py")], LIMIT)
    if measure.exit_code != 0:
        return ["## One claim, warm", "", f"`bench/single.py` failed with exit code {measure.exit_code}.", ""]
    found = json.loads(measure.printed)
    text = (
        f"One claim through `scrubjay.check` in a running process: median **{found['median_ms']} ms**"
        f" (fastest {found['fastest_ms']} ms, 95 % within {found['p95_ms']} ms, {found['rounds']} rounds)."
        f" The first call of a process, which loads the references, takes {found['first_ms']} ms."
    )
    return ["## One claim, warm", "", text, ""]


def main() -> None:
    """Read the options, run everything, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "sizes", nargs="*", default=["1k", "10k", "100k"], help="claims of each file: 1k, 10k, 100k, 1m"
    )
    parser.add_argument("--peers", type=Path, help="bin folder of the peers' environment; without it they are left out")
    parser.add_argument("--seed", type=int, default=96372)
    parser.add_argument(
        "--folder", type=Path, default=HERE.parent / ".bench", help="where the generated files are kept"
    )
    parser.add_argument("--output", type=Path, help="write the page to this file")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    peers = options.peers.absolute() if options.peers else None
    competitors = programs(peers)
    page = [
        "# Speed and memory",
        "",
        "Written by `make bench`. Every program is a process of its own on the same generated file: the fastest of",
        "three runs, or the only one where a run takes more than 20 seconds. Peak memory is the largest resident set",
        "of the process. The programs do different work; the second column says what. Slow programs are asked only as",
        "far as they get in reasonable time. No test asserts a time.",
        "",
        *machine(peers),
        "",
    ]
    for text in options.sizes:
        page += table(size(text), options.seed, options.folder, competitors)
    page += single()
    if options.output:
        options.output.write_text("\n".join(page), encoding="utf-8")
        print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
