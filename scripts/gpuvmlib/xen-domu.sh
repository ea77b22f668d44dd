#!/bin/busybox sh
# The HVM domain of `gpuvm test xen`, all of it in the initial RAM disk: looks
# at the GPU without a driver, then with nouveau, then copies through it.
# Each check is one line "gpuvm-domu: ok|failed NAME: what was seen".
#
# SPDX-License-Identifier: GPL-2.0-or-later
PATH=/bin
export PATH
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev

say() {
    echo "gpuvm-domu: $(cut -d' ' -f1 /proc/uptime)s $*"
}

# verdict NAME TEXT: of the status before it
verdict() {
    if [ $? = 0 ]; then
        echo "gpuvm-domu: ok $1: $2"
    else
        echo "gpuvm-domu: failed $1: $2"
    fi
}

finish() {
    dmesg | grep -i nouveau | sed 's/^/gpuvm-dmesg: /'
    echo "gpuvm-domu: end"
    sleep 600
}

# bar N: where BAR N lies
bar() {
    sed -n "$(($1 + 1))p" "$dev/resource" | cut -d' ' -f1
}

reg() {
    devmem $((bar0 + $1)) 32
}

say "Linux is up"
dev=
for each in /sys/bus/pci/devices/*; do
    [ "$(cat "$each/vendor")$(cat "$each/device")" = 0x10de0x06d8 ] &&
        dev=$each
done
[ -n "$dev" ]
verdict pci "${dev##*/} class $(cat "$dev/class" 2>/dev/null)"
[ -n "$dev" ] || finish
echo 1 >"$dev/enable"
bar0=$(bar 0)
bar1=$(bar 1)

# PMC_BOOT_0, and PTIMER's low word, which counts nanoseconds
boot=$(reg 0)
[ "$boot" = 0x0C0C00A3 ]
verdict pmc "PMC_BOOT_0 $boot"
before=$(reg 0x9400)
after=$(reg 0x9400)
[ $((before)) -gt 0 ] && [ "$before" != "$after" ]
verdict ptimer "PTIMER $before, then $after"

# BAR1 without a page table shows memory that is nobody's; what PRAMIN
# writes must be VRAM's, at the same offset again after the window moved away.
devmem $((bar0 + 0x1700)) 32 0x10
devmem $((bar0 + 0x700040)) 32 0x600DF00D
devmem $((bar0 + 0x1700)) 32 0x20
devmem $((bar0 + 0x700040)) 32 0x0BADCAFE
devmem $((bar0 + 0x1700)) 32 0x10
seen=$(reg 0x700040)
[ "$seen" = 0x600DF00D ]
verdict pramin "VRAM 0x100040 is $seen"
devmem $((bar1 + 0x2345678)) 32 0xC001D00D
seen=$(devmem $((bar1 + 0x2345678)) 32)
[ "$seen" = 0xC001D00D ]
verdict bar1 "BAR1 + 0x2345678 is $seen"

start=$(cut -d. -f1 /proc/uptime)
n=0
while [ $n -lt 200 ]; do
    reg 0 >/dev/null
    n=$((n + 1))
done
say "200 devmem: $(($(cut -d. -f1 /proc/uptime) - start)) s"

case " $(cat /proc/cmdline) " in
*" gpuvm.short "*) finish ;;
esac
echo 0 >"$dev/enable"
say "loading nouveau"
while read -r module; do
    insmod "$module" || say "cannot load $module"
done </boot-modules
[ -c /dev/dri/renderD128 ]
verdict nouveau "$(dmesg | grep -m1 -o 'NVIDIA GF100.*'), $(ls /dev/dri 2>/dev/null |
    tr '\n' ' ')"
[ -c /dev/dri/renderD128 ] || finish
# M2MF both ways, every byte; buffers moved by the kernel with its copy engine,
# which waits for the fence's interrupt; kernels of sm_20 code, every result.
copy() {
    name=$1
    shift
    say "$name"
    said=$(nv-copy --size 4096 --channels 1 "$@" 2>&1)
    verdict "$name" "$said"
}
copy m2mf --moves 0 --m2mf 4
copy moves --moves 4 --m2mf 0
say "compute"
said=$(gpu-load --rounds 64 --depth 2 --seconds 2 2>&1)
status=$?
echo "$said" | sed -n 's/^wrong: /gpuvm-wrong: /p'
said=${said##*
}
case "$status $said" in
*" kernels=0 "*) false ;;
"0 load: "*" wrong=0") true ;;
*) false ;;
esac
verdict compute "$said"
grep nvkm /proc/interrupts | sed 's/^/gpuvm-irq: /'
finish
