"""The charts that pages draw, without a script: scales and lines become coordinates here, templates make SVG of them.

axis       linear scales with ticks on round values, or on whole numbers
lines      line charts: where their points, dots and labels go
templates  `lines.html` draws a line chart, `charts.css` has the colours and strokes of every page's charts
"""

from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
