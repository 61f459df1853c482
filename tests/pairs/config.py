import os
import sys

settings = {}
with open("settings") as lines:
    settings = dict(line.rstrip("\n").split("=") for line in lines)
for name in ("color", "depth", "user"):
    value = os.environ.get("TOOL_" + name.upper())
    if value is not None:
        settings[name] = value
for word in sys.argv[1:]:
    name, value = word.split("=")
    settings[name] = value
for name in sorted(settings):
    print(f"{name}={settings[name]}")
