# SPDX-License-Identifier: MIT
"""A plot of bars as SVG, without a library: groups of bars from left to right, one group a row, a line at 1."""
from xml.sax.saxutils import escape

COLOURS = ('#c2452d', '#3b6ea5', '#7aa6d1', '#8c8c8c', '#4f9d69', '#b58a2e', '#7d5ba6', '#2f8f9d')
LEFT, WIDTH, TOP = 110, 640, 64         # names, longest bar, title and legend
BAR, GAP = 9, 9


def plot(path, title, names, series, value, most=4.0):
    """names: of the groups; series: of the bars in each; value(name, series): a number or None. Longer bars than most are cut
    off and say so by their number."""
    group = BAR * len(series) + GAP
    height = TOP + group * len(names) + 30
    scale = WIDTH / most
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{height}" '
           'font-family="sans-serif" font-size="11">',
           f'<rect width="100%" height="100%" fill="#ffffff"/><text x="8" y="20" font-size="14">{escape(title)}</text>']
    x = LEFT
    for k, s in enumerate(series):
        out.append(f'<rect x="{x}" y="36" width="10" height="10" fill="{COLOURS[k % len(COLOURS)]}"/>'
                   f'<text x="{x + 14}" y="45">{escape(s)}</text>')
        x += 30 + 7 * len(s)
    tick = 0
    while tick <= most:
        at = LEFT + tick * scale
        out.append(f'<line x1="{at:.1f}" y1="{TOP - 4}" x2="{at:.1f}" y2="{height - 24}" stroke="{"#333333" if tick == 1 else "#dddddd"}"/>'
                   f'<text x="{at:.1f}" y="{height - 10}" text-anchor="middle">{tick:g}</text>')
        tick += 0.5
    for row, name in enumerate(names):
        y = TOP + row * group
        out.append(f'<text x="{LEFT - 8}" y="{y + (group - GAP) / 2 + 4:.1f}" text-anchor="end">{escape(name)}</text>')
        for k, s in enumerate(series):
            v = value(name, s)
            if v is None:
                continue
            length = min(v, most) * scale
            out.append(f'<rect x="{LEFT}" y="{y + k * BAR}" width="{length:.1f}" height="{BAR - 1}" fill="{COLOURS[k % len(COLOURS)]}"/>'
                       f'<text x="{LEFT + length + 3:.1f}" y="{y + k * BAR + BAR - 1}" font-size="8">{v:.2f}</text>')
    out.append('</svg>')
    with open(path, 'w', encoding='utf-8') as f:
        f.write('\n'.join(out) + '\n')
