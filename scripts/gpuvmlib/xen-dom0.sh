# dom0 of `gpuvm test xen`: Xen's daemons, one domain from /t/domain.cfg, and
# its console shown line by line on ours, until the domain says that it is
# done.  No systemd; what runs here is busybox, /t/busybox.
#
# SPDX-License-Identifier: GPL-2.0-or-later
B=/usr/lib/xen-4.17/bin
PATH=/run/bin:$B:/usr/sbin:/usr/bin:/sbin:/bin
export PATH LD_LIBRARY_PATH=/usr/lib/xen-4.17/lib/x86_64-linux-gnu
/t/busybox mount -t tmpfs tmpfs /run
/t/busybox mkdir -p /run/bin
/t/busybox --install -s /run/bin
stty -F /dev/hvc0 -echo         # the heartbeat (xentest.py) is not for the log
mount -t tmpfs tmpfs /tmp
mkdir -p /dev/pts /dev/shm /run/xen /run/xenstored /var/log/xen /var/lib/xen \
    /var/run /var/lock /run/lock
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
[ /var/run -ef /run ] || mount --bind /run /var/run
mount -t xenfs xenfs /proc/xen
ifconfig lo 127.0.0.1 up

say() {
    echo "gpuvm-dom0: $*"
}

finish() {
    say "logs follow"
    for file in /var/log/xen/qemu-dm-*.log /var/log/xen/xl-*.log; do
        [ -f "$file" ] && sed "s|^|${file##*/}: |" "$file"
    done
    say "end"
    sync
    sleep 1
    echo o >/proc/sysrq-trigger
    sleep 60
}

xenstored --pid-file /run/xenstore.pid
tries=0
until xenstore-read -s / >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -gt 120 ] && { say "failed: no xenstored"; finish; }
    sleep 0.5
done
xen-init-dom0
xenconsoled --pid-file /run/xenconsoled.pid --log=all --log-dir=/var/log/xen
say "up: $(xl info | grep -E 'xen_version|virt_caps|free_memory' |
    tr -s '\n\t ' ' ')"
log=/var/log/xen/guest-u1.log
: >$log
tail -f $log &
if ! xl create /t/domain.cfg; then
    say "failed: xl create"
    finish
fi
say "created"
limit=$(cat /t/limit)
while [ "$limit" -gt 0 ]; do
    grep -q '^gpuvm-domu: end' $log && break
    if ! pidof qemu-system-x86_64 >/dev/null; then
        say "failed: the device model has ended"
        dmesg | grep 'qemu-system' | tail -5
        finish
    fi
    sleep 2
    limit=$((limit - 2))
done
if [ "$limit" -le 0 ]; then
    say "failed: the domain was not done in time; its device model's threads"
    for task in /proc/$(pidof qemu-system-x86_64)/task/*; do
        echo "$(cat "$task/comm" "$task/syscall" "$task/wchan" | tr '\n' ' ')"
    done
fi
timeout 60 xl qemu-monitor-command u1 'qom-get /machine/peripheral/gpu0 stats' |
    sed 's/^/gpuvm-stats: /'
timeout 60 xl qemu-monitor-command u1 'info pci' | sed 's/^/gpuvm-pci: /'
xl destroy u1
finish
