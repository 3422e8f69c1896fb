"""The page's style: one sheet, both themes, by the colours of the window."""

from netviz.colours import DARK, DEPTH_DARK, DEPTH_LIGHT, LANES_DARK, LANES_LIGHT, LIGHT, Theme


def style() -> str:
    """Light by default, dark where the reader prefers it."""
    light, dark = _variables(LIGHT, DEPTH_LIGHT, LANES_LIGHT), _variables(DARK, DEPTH_DARK, LANES_DARK)
    named = "".join(f".{name}{{--c:var(--{name})}}" for name in (*_numbered("d", 6), *_numbered("lane", 6), "red"))
    return (
        f":root{{color-scheme:light dark;{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}{named}{_SHEET}"
    )


def _variables(theme: Theme, depths: tuple[str, ...], lanes: tuple[str, ...]) -> str:
    plain = {name: getattr(theme, name) for name in ("window", "card", "line", "text", "faint", "accent", "red", "rim")}
    named = (
        plain | dict(zip(_numbered("d", 6), depths, strict=True)) | dict(zip(_numbered("lane", 6), lanes, strict=True))
    )
    return "".join(f"--{name}:{colour};" for name, colour in named.items())


def _numbered(name: str, count: int) -> list[str]:
    return [f"{name}{i}" for i in range(count)]


_SHEET = """
*{box-sizing:border-box}
body{margin:0 auto;max-width:1100px;padding:24px 20px 60px;background:var(--window);color:var(--text);
font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.7em;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:1.15em;margin:34px 0 10px}
h3{font-size:1em;margin:22px 0 8px;overflow-wrap:anywhere}
p{margin:6px 0}.faint{color:var(--faint)}.trouble{color:var(--red)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:14px}
figure,.wide,pre{background:var(--card);border:1px solid var(--line);border-radius:8px;margin:0 0 12px;padding:12px}
.cards figure{margin:0}figcaption{font-weight:600;margin-bottom:6px}
svg{display:block;width:100%;height:auto}.net{overflow-x:auto}.net svg{width:auto;max-width:100%}
img{display:block;max-width:100%;height:auto;border-radius:4px}
svg text{font-size:11px;fill:var(--faint);dominant-baseline:middle}svg .end{text-anchor:end}
svg .middle{text-anchor:middle}svg .strong{font-size:12.5px;font-weight:600;fill:var(--text)}
.grid{stroke:var(--line)}.wire{fill:none;stroke:var(--faint);stroke-width:1.6;opacity:.7}
.box{fill:var(--card);stroke:var(--line)}.fill{fill:var(--c)}
.curve{fill:none;stroke:var(--c);stroke-width:1.7;stroke-linejoin:round}.band{fill:var(--c);opacity:.28;stroke:none}
.dot{fill:var(--c);stroke:var(--rim);stroke-width:.8}.ring{fill:var(--rim);stroke:var(--c);stroke-width:1.3}
.plane svg{max-width:320px}.legend{display:flex;flex-wrap:wrap;gap:2px 14px;margin:6px 0 0;font-size:.87em}
.legend span{display:inline-flex;align-items:center;gap:6px;overflow-wrap:anywhere}.key{width:22px;flex:none}
.wide{overflow-x:auto;padding:4px 12px}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:5px 14px 5px 0;vertical-align:top;font-weight:400;
overflow-wrap:break-word}tbody th,td:not(.n){min-width:6em;max-width:32em}
thead th{color:var(--faint);font-size:.87em}tbody tr+tr>*{border-top:1px solid var(--line)}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
pre{overflow:auto;max-height:420px;font:12.5px/1.45 ui-monospace,monospace;user-select:all}
summary{cursor:pointer;margin:10px 0}
@media print{body{max-width:none}pre{max-height:none}figure,.wide{break-inside:avoid}}
"""
