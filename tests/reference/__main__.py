"""`python -m tests.reference`: makes the generated blocks of docs/ anew; `--check` only says which are out of date."""

from __future__ import annotations

import sys

from tests.reference import pages


def main() -> int:
    old = {path: text for path, text in pages().items() if not path.is_file() or path.read_text() != text}
    for path, text in old.items():
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        print(path)
    return 1 if old and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
