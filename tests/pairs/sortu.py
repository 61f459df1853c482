import os
import sys

source, target = sys.argv[1:]
with open(source) as lines:
    unique = sorted(set(lines))
with open(target + ".new", "w") as out:
    out.writelines(unique)
os.rename(target + ".new", target)
