#!/bin/sh
# Before a removal; an upgrade (dpkg: upgrade, rpm: 1) leaves the service alone.
set -e
if [ "$1" = remove ] || [ "$1" = 0 ]; then
    if [ -d /run/systemd/system ]; then
        systemctl disable --now logboom.service
    fi
fi
