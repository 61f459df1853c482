import os

if os.path.exists("log.1"):
    os.rename("log.1", "log.2")
os.rename("log", "log.1")
open("log", "w").close()
