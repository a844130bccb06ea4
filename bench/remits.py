"""Time the remittance report on a made-up 835 of a given number of service lines.

    python bench/remits.py --lines 1000000 --output docs/bench-remit.md

Writes the file once into .bench/, then times each step in its own process: wall and processor seconds, peak memory.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.util
import os
import platform
import random
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".bench"
CODES = ("96372", "99213", "99214", "J3420", "J1071", "J0696", "20610", "J3301", "90471", "36415")
REASONS = (
    ("CO", "97", ("M15",)), ("CO", "97", ("N19",)), ("CO", "16", ("M119",)), ("CO", "16", ("N822", "MA130")), ("CO", "151", ("N362",)),
    ("CO", "50", ("N115",)), ("CO", "4", ("N519",)), ("CO", "18", ()), ("CO", "29", ()), ("PR", "204", ()),
)  # fmt: skip
PAYERS = (
    ("MEDICARE PART B", "MEDICAREB", "MB"),
    ("UNITEDHEALTHCARE", "87726", "CI"),
    ("AETNA", "60054", "CI"),
    ("CIGNA", "62308", "CI"),
)


PAGE = """# Speed and memory of remittances

Written by `python bench/remits.py` on {machine}. The file is made up: payments of 200 claims with two to four lines, an
eighth of the lines denied. "Read, nothing kept" is the reader alone: it holds one piece of the file at a time, so its
memory does not grow with the file. A report keeps the tables of the whole run. Processor seconds may exceed wall seconds
where both processors work; on a busy machine they are the better figure.

{table}
"""


def writer() -> ModuleType:
    """Return the writer of the example remittance."""
    spec = importlib.util.spec_from_file_location("build_remit", ROOT / "examples" / "build_remit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def write(path: Path, lines: int, seed: int = 1) -> None:
    """Write a file of about ``lines`` service lines, payments of 200 claims each, an eighth of the lines denied."""
    make, pick = writer(), random.Random(seed)
    head = make.written([]).decode().split("~\n")
    with path.open("w", encoding="ascii") as out:
        out.write("~\n".join(head[:2]) + "~\n")
        made = transactions = 0
        day = dt.date(2025, 1, 6)
        while made < lines:
            transactions += 1
            payer, payer_id, filing = PAYERS[transactions % len(PAYERS)]
            claims = []
            for k in range(200):
                rows = []
                for n in range(pick.choice((2, 3, 3, 4))):
                    charge = pick.randrange(2000, 30000)
                    control = f"T{transactions}-{k}-{n}"
                    if pick.random() < 0.125:
                        group, carc, remarks = pick.choice(REASONS)
                        taken = [(group, carc, charge)]
                    else:
                        remarks = ()
                        taken = [("CO", "45", charge // 3), ("PR", "2", charge // 10)]
                    rows.append(make.Line(pick.choice(CODES), charge, taken, (), "1", day, control, remarks))
                number = f"{transactions}{k}"
                claim = make.ClaimPayment(
                    f"T{transactions}-{k}", rows, filing=filing, member=f"M{number}", payer_control=f"I{number}"
                )
                claims.append(claim)
                made += len(rows)
            paid_on = day + dt.timedelta(days=transactions % 300)
            payment = make.Payment(payer, claims, payer_id, paid_on, f"E{transactions}")
            out.write("~\n".join(make.transaction(payment, f"{transactions:06d}")) + "~\n")
        out.write(f"GE*{transactions}*1~\n{head[-2]}~\n")


def read_only(path: str) -> None:
    """Read the file piece by piece and keep nothing: what the reader itself needs."""
    from scrubjay.io.remittance import read_remittances
    from scrubjay.io.source import ByteSource

    with open(path, "rb") as stream:
        for _ in read_remittances(ByteSource(stream), path):
            pass


REPORT = [
    str(Path(sys.executable).with_name("scrubjay")),
    "remit",
    "--as-of",
    "2026-01-31",
    "-o",
    "/dev/null",
    "--format",
]
STEPS = {
    "read, nothing kept": [sys.executable, str(Path(__file__)), "--read"],
    **{f"remit --format {name}": [*REPORT, name] for name in ("text", "html", "csv", "json")},
}


def timed(command: list[str]) -> tuple[float, float, float]:
    """Return wall seconds, processor seconds and peak megabytes of a command."""
    probe = (
        "import resource,subprocess,sys,time;t=time.monotonic();subprocess.run(sys.argv[1:],check=True);"
        "u=resource.getrusage(resource.RUSAGE_CHILDREN);print(time.monotonic()-t,u.ru_utime+u.ru_stime,u.ru_maxrss/1024)"
    )
    out = subprocess.run([sys.executable, "-c", probe, *command], check=True, capture_output=True, text=True).stdout
    wall, cpu, peak = (float(x) for x in out.split()[-3:])
    return wall, cpu, peak


def main() -> None:
    """Run the steps and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--output", type=Path)
    parser.add_argument("--read", metavar="FILE")
    arguments = parser.parse_args()
    if arguments.read:
        read_only(arguments.read)
        return
    FOLDER.mkdir(exist_ok=True)
    rows = [
        "| service lines | file | step | wall s | processor s | peak MB |",
        "| ---: | ---: | --- | ---: | ---: | ---: |",
    ]
    for lines in arguments.lines:
        path = FOLDER / f"remit-{lines}.835"
        if not path.exists():
            started = time.monotonic()
            write(path, lines)
            print(
                f"{path.name}: {path.stat().st_size / 1e6:.0f} MB written in {time.monotonic() - started:.0f} s",
                file=sys.stderr,
            )
        for step, command in STEPS.items():
            wall, cpu, peak = timed([*command, str(path)])
            rows.append(
                f"| {lines:,} | {path.stat().st_size / 1e6:.0f} MB | {step} | {wall:.1f} | {cpu:.1f} | {peak:.0f} |"
            )
            print(rows[-1], file=sys.stderr)
    text = PAGE.format(
        machine=f"{os.cpu_count()} processors, Python {platform.python_version()}", table="\n".join(rows)
    )
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
