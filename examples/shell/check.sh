#!/bin/sh
# Is upper.sh still the accepted one? Ends as `chic-trace golden check` does: 0 yes, 1 no, 4 there is no golden yet.
set -u
cd "$(dirname "$0")" || exit 2
chic-trace golden check upper --dir goldens --fixture fixture -- ./upper.sh
code=$?
case $code in
1 | 4) echo "to look at it: chic-trace golden review --dir goldens" >&2 ;;
esac
exit $code
