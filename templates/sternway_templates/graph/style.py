"""Colours and fonts of the picture, for light and dark mode, on a background of its own."""

from __future__ import annotations

# Colours that hold on both backgrounds are set once.
STYLE = """
text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;text-anchor:middle}
text{fill:#1f2328}
.title{font-size:17px;font-weight:600;text-anchor:start}
.deadline,.row,.note{font-size:11px;fill:#59636e}
.row{text-anchor:start;font-weight:600}
.name{font-size:14px;font-weight:600}
.page{fill:#fff;stroke:#d1d9e0}
.plain{fill:#f6f8fa;stroke:#9aa4ae}.forward{fill:#eaf2fb;stroke:#4f86c0}.stays{fill:#fff5e0;stroke:#bf8a2c}
.journal{fill:#f5f1e6;stroke:#a8986a}.undo{fill:#eaf6ee;stroke:#4f9a6f}.failed{fill:#fcedec;stroke:#c4625b}
.line{fill:none;stroke-width:1.6}.on{stroke:#4f86c0}.back{stroke:#4f9a6f}
.kept{stroke:#a8986a;stroke-dasharray:2 4;stroke-linecap:round}.broken{stroke:#c4625b;stroke-dasharray:4 4}
.tip-on{fill:#4f86c0}.tip-back{fill:#4f9a6f}.tip-kept{fill:#a8986a}.tip-broken{fill:#c4625b}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}.deadline,.row,.note{fill:#9ba5b0}
.page{fill:#0d1117;stroke:#30363d}
.plain{fill:#161b22;stroke:#6e7681}.forward{fill:#13243a;stroke:#5b93cf}.stays{fill:#2d2310;stroke:#c9993d}
.journal{fill:#242117;stroke:#978a62}.undo{fill:#12281c;stroke:#57a87a}.failed{fill:#331a1a;stroke:#d0736c}
}
""".strip()

# Only where steps stand side by side; it holds on both backgrounds.
GROUPS = "\n.group{fill:#8c959f;fill-opacity:.09;stroke:#8c959f;stroke-opacity:.45}.head{font-weight:600}"
