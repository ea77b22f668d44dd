#!/bin/busybox sh
# First process of dom0: the modules of /boot-modules, the root disk, the disk
# with what is tested, and on to xen-dom0.sh.
#
# SPDX-License-Identifier: GPL-2.0-or-later
PATH=/bin
export PATH
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do
    insmod "$module" || echo "gpuvm-dom0: cannot load $module"
done </boot-modules
tries=0
until [ -b /dev/vdb ]; do
    tries=$((tries + 1))
    [ $tries -gt 200 ] && break
    sleep 0.1
done
mount -t ext4 -o rw,noatime /dev/vda /root
mkdir -p /root/t
mount -t ext4 -o rw,noatime /dev/vdb /root/t
for dir in proc sys dev; do
    mount --move /$dir /root/$dir
done
exec switch_root /root /t/busybox sh /t/dom0
