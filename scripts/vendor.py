"""Copies what the pages use out of node_modules into gateway/web/static/vendor, each with its licence."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "gateway" / "web" / "static" / "vendor"
FILES = {
    "htmx.org": ["dist/htmx.min.js"],
    "@tabler/core": ["dist/css/tabler.min.css", "dist/js/tabler.min.js"],
    "echarts": ["dist/echarts.min.js"],
}
INSIDE = {"@tabler/core": ["@popperjs/core"], "echarts": ["zrender", "tslib"]}
"""Packages that the bundles above contain."""

MIT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
NO_FILE = {
    "@tabler/core": "Copyright 2018-2026 The Tabler Authors\nCopyright 2018-2026 codecalm.net Paweł Kuna\n\n"
    + MIT
}
"""The npm package has no licence file; notice from its bundle's head, text of the MIT licence."""


def licence(package: str) -> str:
    """Name, version and the licence's text. Exits when there is none: then the file must not be shipped."""
    folder = MODULES / package
    about = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    found = [folder / name for name in ("LICENSE", "LICENSE.md", "LICENSE.txt", "NOTICE")]
    texts = [path.read_text(encoding="utf-8") for path in found if path.is_file()] or [
        NO_FILE.get(package, "")
    ]
    if not any(texts):
        sys.exit(f"{package} 没有许可证文件，不能随系统分发。")
    return "\n".join([f"{package} {about['version']} ({about.get('license', '')})", "", *texts])


def main() -> None:
    """Fills a folder beside it and swaps it in, so that a running system always finds its files."""
    new = VENDOR.with_name("vendor.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for package, files in FILES.items():
        for name in files:
            # the map that the last line names is not shipped: browsers would ask for it in vain
            text = (MODULES / package / name).read_text(encoding="utf-8")
            lines = [line for line in text.splitlines(keepends=True) if "sourceMappingURL=" not in line[:40]]
            (new / Path(name).name).write_text("".join(lines), encoding="utf-8")
        texts = [licence(one) for one in (package, *INSIDE.get(package, []))]
        (new / f"{package.strip('@').replace('/', '-')}.LICENSE.txt").write_text(
            "\n\n----\n\n".join(texts), encoding="utf-8"
        )
    shutil.rmtree(VENDOR, ignore_errors=True)
    new.rename(VENDOR)


if __name__ == "__main__":
    main()
