import sys

total = [0, 0, 0]
for name in sys.argv[1:]:
    data = open(name, "rb").read()
    counts = [data.count(b"\n"), len(data.split()), len(data)]
    total = [a + b for a, b in zip(total, counts)]
    print(*counts, name)
print(*total, "total")
