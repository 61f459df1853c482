import csv
import sys

sums = {}
with open(sys.argv[1], newline="") as rows:
    for key, value in csv.reader(rows):
        sums[key] = sums.get(key, 0.0) + float(value)
for key in sorted(sums):
    print(f"{key},{sums[key]!r}")
