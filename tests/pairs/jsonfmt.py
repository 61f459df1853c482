import json
import sys

with open(sys.argv[1]) as source:
    value = json.load(source)
with open(sys.argv[2], "w") as out:
    json.dump(value, out, sort_keys=True, indent=2)
    out.write("\n")
