import subprocess

with open("in1") as lines:
    codes = [
        subprocess.run(["sort", "-r", "in1"]).returncode,
        subprocess.run(["tr", "1", "2"], stdin=lines).returncode,
        subprocess.run(["false"]).returncode,
    ]
print(*codes)
