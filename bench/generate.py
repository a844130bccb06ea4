"""Writes a file of generated claims: ``generate.py CLAIMS SEED FILE [clean]``; clean ones have no planted faults."""

from __future__ import annotations

import sys

from scrubjay import synth

if __name__ == "__main__":
    claims, seed, path, *rest = sys.argv[1:]
    share = 0.0 if rest == ["clean"] else synth.FAULT_SHARE
    synth.write(path, int(claims), int(seed), fault_share=share)
