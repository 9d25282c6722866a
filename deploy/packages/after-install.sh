#!/bin/sh
# After an installation and after an upgrade, by dpkg and by rpm.
set -e
if command -v systemd-sysusers > /dev/null; then
    systemd-sysusers logboom.conf
elif ! getent passwd logboom > /dev/null; then
    useradd --system --home-dir /var/lib/logboom --no-create-home --shell /usr/sbin/nologin logboom
fi
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl try-restart logboom.service # runs: what it acknowledged is on disk, senders come again
fi
if [ "$1" = 1 ] || { [ "$1" = configure ] && [ -z "$2" ]; }; then
    echo "logboom: change /etc/logboom/logboom.yaml if you like, then: systemctl enable --now logboom"
fi
