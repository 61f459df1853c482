import shutil
import sys

shutil.copytree(sys.argv[1], sys.argv[2], symlinks=True, copy_function=shutil.copy)
