"""What stands between a failure and the person: one line on standard error, an exit code, never a traceback."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from scrubjay.errors import ScrubjayError

BROKE = 2
INTERRUPTED = 130
TERMINATED = 143


def words(text: str) -> None:
    """Write one line of words to standard error."""
    print(text, file=sys.stderr, flush=True)


def error(text: str) -> None:
    """Write one error line to standard error; line breaks and control characters cannot split or colour it."""
    from scrubjay.render.style import clean

    words(f"scrubjay: error: {clean(' '.join(str(text).split()))}")


def guarded(app: Callable[..., Any], arguments: list[str]) -> int:
    """Run the application and return its exit code, whatever happens inside."""
    try:
        code = app(arguments, prog_name="scrubjay", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        return quiet_pipe(0)
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else BROKE
    except ScrubjayError as failure:
        error(str(failure))
    except OSError as failure:
        name = f"{os.fsdecode(failure.filename)}: " if isinstance(failure.filename, (str, bytes)) else ""
        error(f"{name}{failure.strerror or type(failure).__name__}")
    except BaseException as failure:  # noqa: BLE001 - a panic of the engine derives from it, too
        if hasattr(failure, "format_message"):
            error(usage_text(failure))
        else:
            _internal(failure)
    return BROKE


def usage_text(failure: Any) -> str:
    """Return a usage failure as one line that names the command to ask for help."""
    context = getattr(failure, "ctx", None)
    command = context.command_path if context is not None else "scrubjay"
    message = str(failure.format_message()).rstrip(".")
    return f"{message} ({command} --help shows the usage)"


def quiet_pipe(code: int) -> int:
    """Return the code after a reader went away, keeping the interpreter from complaining about it at exit."""
    with open(os.devnull, "wb") as sink:
        os.dup2(sink.fileno(), sys.stdout.fileno())
    return code


def stop_whole() -> None:
    """Let a polite kill (SIGTERM) unwind as Ctrl-C does, so that half-written outputs are removed."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    signal.signal(signal.SIGTERM, terminate)


def _internal(failure: BaseException) -> None:
    """Say where the program broke, by type and place: an exception's text may hold a patient's data."""
    if os.environ.get("SCRUBJAY_DEBUG") == "1":
        traceback.print_exception(failure)
    frames = traceback.extract_tb(failure.__traceback__)
    own = [frame for frame in frames if f"{os.sep}scrubjay{os.sep}" in frame.filename] or list(frames)
    where = f" at {Path(own[-1].filename).name}:{own[-1].lineno} in {own[-1].name}" if own else ""
    words(f"scrubjay: internal error: {type(failure).__name__}{where}; SCRUBJAY_DEBUG=1 shows the traceback")
