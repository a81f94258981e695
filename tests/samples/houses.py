"""The smallest plan: prices of houses."""

HOUSES = """\
version: 1
name: houses
data:
  source: houses.csv
  target: price
  task: regression
  columns:
    rooms: {kind: integer}
    street: {kind: category}
    price: {kind: number, role: target}
"""
SOLD_HOUSES = HOUSES.replace(
    "    price:", "    sold: {kind: datetime, role: time}\n    price:"
)  # with a column of time
