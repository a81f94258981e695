"""A plan and a table of 200 rows that `sevenfold run` takes to a serving model in seconds."""

PLAN = """\
version: 1
name: demo
data:
  source: demo.csv
  target: y
  task: binary
  columns:
    a: {kind: number}
    b: {kind: number}
    y: {kind: category, role: target}
tuning: {trials: 0}
training: {max_epochs: 12}
"""
ROWS = [(i, (i * 7) % 13, "yes" if (i * 7) % 13 + (i + (i * 5) % 11) / 16 < 12 else "no") for i in range(200)]


def table(rows: list[tuple[float, float, str]], header: str = "a,b,y") -> str:
    return "\n".join([header, *(f"{a},{b},{y}" for a, b, y in rows)]) + "\n"
