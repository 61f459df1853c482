#!/bin/sh
# Writes in.txt in capitals into out.txt.
tr a-z A-Z < in.txt > out.txt
