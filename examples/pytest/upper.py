"""Writes in.txt in capitals into out.txt."""

with open("in.txt", encoding="utf-8") as lines, open("out.txt", "w", encoding="utf-8") as out:
    out.write(lines.read().upper())
