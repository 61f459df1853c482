import itertools
import sys

status = 0
for name in sys.argv[1:]:
    try:
        with open(name) as lines:
            sys.stdout.writelines(itertools.islice(lines, 10))
    except FileNotFoundError:
        print(f"heads: {name}: No such file or directory", file=sys.stderr)
        status = 1
sys.exit(status)
