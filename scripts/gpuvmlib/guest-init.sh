#!/bin/busybox sh
# First process of a guest, in the initial RAM disk: loads the modules that the
# root disk needs (listed in dependency order in /boot-modules), mounts it and
# hands over to guest-session.sh.  With gpuvm.probe on the kernel's command
# line it only says that it lives, which is all that a test of KVM wants.
#
# SPDX-License-Identifier: GPL-2.0-or-later
PATH=/bin
export PATH
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev

die() {
    echo "gpuvm-init: $*" >/dev/console
    sleep 1
    poweroff -f
}

case " $(cat /proc/cmdline) " in
*" gpuvm.probe "*)
    echo "gpuvm-probe-ok" >/dev/console
    poweroff -f
    ;;
esac

while read -r module; do
    insmod "$module" || echo "gpuvm-init: cannot load $module" >/dev/console
done </boot-modules

tries=0
until [ -b /dev/vda ]; do
    tries=$((tries + 1))
    [ $tries -gt 100 ] && die "no root disk"
    sleep 0.1
done
mount -t ext4 -o rw,noatime /dev/vda /root || die "cannot mount the root disk"

mount -t tmpfs -o mode=755 tmpfs /root/run
mkdir -p /root/run/gpuvm/modules
cp -a /lib/modules/. /root/run/gpuvm/modules/
mount --bind /root/run/gpuvm/modules /root/lib/modules
cp /bin/busybox /session /root/run/gpuvm/
for dir in proc sys dev; do
    mount --move /$dir /root/$dir
done
exec switch_root /root /run/gpuvm/busybox sh /run/gpuvm/session
