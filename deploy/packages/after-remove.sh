#!/bin/sh
# What was collected stays, also at a purge: a package does not delete data.
set -e
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
fi
if [ "$1" = purge ] || [ "$1" = 0 ]; then
    if [ -d /var/lib/logboom ]; then
        echo "logboom: /var/lib/logboom and its user stay; delete them if nobody needs the records"
    fi
fi
