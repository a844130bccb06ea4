"""Write src/scrubjay/catalogue.json from the declarations of the edits.

python tools/build_catalogue.py            # write
python tools/build_catalogue.py --check    # exit 1 where the file is not what the declarations say
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from scrubjay import policy, policy_disputes
from scrubjay.edit import catalogue

TARGET = Path(__file__).parents[1] / "src" / "scrubjay" / "catalogue.json"


def build() -> str:
    """Return the catalogue as JSON: a digest of its content, and every edit with its level in the generic policy."""
    policies = policy.load()
    edits = []
    for code, edit in catalogue().items():
        plain = edit.declaration()
        plain["fix_safety"] = plain["fix_safety"] or "none"
        edits.append({"code": code, "level": generic_level(policies, code), **plain, "disputes": disputes(code)})
    body = json.dumps(edits, ensure_ascii=False, indent=1, sort_keys=True)
    digest = hashlib.sha256(body.encode()).hexdigest()
    return f'{{"digest": "{digest}",\n"edits": {body}}}\n'


def disputes(code: str) -> list[dict[str, Any]]:
    """Return the questions about an edit on which the sources disagree, each position with the settings that decide."""
    return [
        {
            "number": dispute.number,
            "title": dispute.title,
            "asks": question.asks,
            "positions": [
                {"says": p.says, "source": p.source, "settings": policy_disputes.settings_in_words(p.settings)}
                for p in question.positions
            ],
        }
        for dispute, question in policy_disputes.speaking_of(code)
    ]


def generic_level(policies: policy.PolicySet, code: str) -> str:
    """Return the level an edit has where no payer is known; an edit that is off there shows its highest level."""
    levels = policies.rules([code]).select("policy", "level").iter_rows()
    found = dict(levels)
    generic = policies.level("generic", code, date(9999, 12, 31))
    if generic != "off":
        return generic
    order = ["off", "info", "warn", "deny"]
    return max(found.values(), key=order.index)


def main() -> int:
    """Write the catalogue, or compare it."""
    text = build()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") != text:
            print(
                "src/scrubjay/catalogue.json is not what the edits declare; run tools/build_catalogue.py",
                file=sys.stderr,
            )
            return 1
        return 0
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
