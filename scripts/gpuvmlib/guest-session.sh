# Process 1 of a guest once its root disk is mounted.  It takes its orders from
# the host through QEMU's fw_cfg (opt/org.gpuvm/job: shell variables;
# opt/org.gpuvm/script: what to run), loads nouveau, runs the script and tells
# its exit status.  Four virtio-serial ports carry the traffic:
#
#   gpuvm.ctl   lines to the host: "note TEXT", "status N"; then waits for "off"
#   gpuvm.out   the script's stdout         gpuvm.err   its stderr
#   hvc0        instead of out and err: the terminal of an interactive shell
#
# SPDX-License-Identifier: GPL-2.0-or-later
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOME=/root
LANG=C.UTF-8
export PATH HOME LANG
bb=/run/gpuvm/busybox

mkdir -p /dev/pts /dev/shm
ln -sfn /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs -o mode=1777 tmpfs /tmp
$bb hostname gpuvm-guest
$bb ifconfig lo 127.0.0.1 up

port() {
    for dir in /sys/class/virtio-ports/*; do
        if [ "$(cat "$dir/name" 2>/dev/null)" = "$1" ]; then
            echo "/dev/${dir##*/}"
            return
        fi
    done
}

tries=0
while [ -z "$(port gpuvm.ctl)" ] && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    $bb sleep 0.05
done
exec 9<>"$(port gpuvm.ctl)"
note() { echo "note $*" >&9; }
uptime_s() { $bb cut -d. -f1 /proc/uptime; }

orders=/sys/firmware/qemu_fw_cfg/by_name/opt/org.gpuvm
NOUVEAU=no SHARES= TTY=no NOUVEAU_OPTIONS=
cat $orders/job/raw >/run/gpuvm/job && . /run/gpuvm/job
cat $orders/script/raw >/run/gpuvm/script
note "guest is up: Linux $($bb uname -r)"

# SHARES: "TAG:PATH:ro|rw ..."
for share in $SHARES; do
    tag=${share%%:*} rest=${share#*:}
    path=${rest%:*} mode=${rest##*:}
    mkdir -p "$path"
    modprobe 9pnet_virtio
    mount -t 9p -o "$mode,trans=virtio,version=9p2000.L,msize=262144,cache=mmap" \
        "$tag" "$path" || note "cannot mount the share at $path"
done

if [ "$NOUVEAU" = yes ]; then
    started=$(uptime_s)
    if modprobe nouveau $NOUVEAU_OPTIONS; then
        tries=0
        while [ ! -e /dev/dri/renderD128 ] && [ $tries -lt 20 ]; do
            tries=$((tries + 1))
            $bb sleep 0.1
        done
        if [ -e /dev/dri/renderD128 ]; then
            note "nouveau drives the GPU ($(($(uptime_s) - started)) s)"
        else
            note "nouveau is loaded but made no render node; see dmesg"
        fi
    else
        note "nouveau did not load; see dmesg"
    fi
fi

RUSTICL_ENABLE=nouveau
EGL_PLATFORM=surfaceless
export RUSTICL_ENABLE EGL_PLATFORM
cd /root || cd /
if [ "$TTY" = yes ]; then
    TERM=${HOST_TERM:-linux} $bb setsid -c /bin/bash /run/gpuvm/script \
        </dev/hvc0 >/dev/hvc0 2>&1 9>&-
    status=$?
else
    # Through pipes, so that the script can open /dev/stderr once more.
    mkfifo /run/gpuvm/out /run/gpuvm/err
    cat /run/gpuvm/out >"$(port gpuvm.out)" 9>&- &
    out=$!
    cat /run/gpuvm/err >"$(port gpuvm.err)" 9>&- &
    err=$!
    /bin/bash /run/gpuvm/script </dev/null >/run/gpuvm/out 2>/run/gpuvm/err 9>&-
    status=$?
    # What the script left running may hold the pipes: not for ever.
    ( $bb sleep 3; kill $out $err ) 2>/dev/null 9>&- &
    wait $out $err
fi

cd /
for share in $SHARES; do
    rest=${share#*:}
    umount "${rest%:*}" 2>/dev/null
done
sync
echo "status $status" >&9
read -r _ <&9
$bb poweroff -f
