#!/usr/bin/env bash
# Runs programs on a processor with AVX-512 that this machine has not: in Bochs, which interprets every instruction. For their
# results only; it is some hundred times slower than a processor, and nothing can be timed in it.
#   scripts/emulate-avx512.sh COMMAND...
# A command is a line of shell, of which the first word is a program file; it and the shared libraries it needs are put on a
# disk image with a Linux kernel. Prints what the commands print; the status is 0 when all of theirs are.
#   scripts/emulate-avx512.sh build/c-tests/phases-f32-gcc 'build/c-tests/fuzz-f64-gcc 500'
# Needs the Debian packages bochs bochs-term bochsbios vgabios busybox-static cpio genisoimage isolinux syslinux-common lz4; the kernel is
# that of linux-image-cloud-amd64, downloaded but not installed. BOCHS: another build of it; one without the debugger that
# Debian's has, with the display "nogui", is faster. EMULATE_FILES: more files or folders that commands read.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 1; }
work=build/emulate/$$
root=$work/root
kernels=build/emulate/kernel
mkdir -p "$root"/{bin,proc,dev,tmp} $work/cd $kernels
trap 'rm -rf "$work"' EXIT

# A package depends on the one that holds the kernel of the day.
if ! compgen -G "$kernels/boot/vmlinuz-*" >/dev/null; then
  image=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\).*/\1/p' | head -1)
  (cd $kernels && apt-get download "$image" && dpkg-deb -x "$image"_*.deb . && rm -rf "$image"_*.deb lib usr)
fi

# take FILE...: into the image, at the same place; what a link leads to is copied under the link's name.
take() {
  local file path
  for file in "$@"; do
    path=$(realpath -s "$file")
    [ -e "$root$path" ] && continue
    mkdir -p "$root$(dirname "$path")"
    cp -rL "$path" "$root$path"
    # What is for a debugger is most of a Swift program.
    [ -f "$path" ] && strip --strip-debug "$root$path" 2>/dev/null || true
  done
}
# Libraries that the library opens by name, with what they need.
opened() {
  ldconfig -p | sed -nE 's/^[[:space:]]*(libopenblas\.so\.0|liblapacke\.so\.3) .*=> //p' | while read -r library; do
    take "$library"
    ldd "$library" | { grep -o '/[^ ]*' || true; } | while read -r needed; do take "$needed"; done
  done
}
take_program() {
  take "$1"
  { ldd "$1" || true; } 2>&1 | { grep -o '/[^ ]*' || true; } | while read -r library; do take "$library"; done
}
cp "$(command -v busybox)" "$root/bin/busybox"
opened
for file in ${EMULATE_FILES:-}; do take "$file"; done
number=0
for command in "$@"; do
  number=$((number + 1))
  take_program "${command%% *}"
  cat >>"$work/commands" <<EOF
echo "== $command"
cd $PWD
$command
echo "== status \$?"
EOF
done

{
  echo '#!/bin/busybox sh'
  echo '/bin/busybox --install -s /bin'
  echo 'export PATH=/bin HOME=/tmp'
  echo 'mount -t proc proc /proc; mount -t devtmpfs dev /dev; ln -s /proc/self/fd /dev/fd; ip link set lo up'
  echo 'echo "== $(grep -m1 flags /proc/cpuinfo | tr " " "\n" | grep avx | tr "\n" " ")"'
  cat "$work/commands"
  # The serial line is slower than the processor.
  echo 'sleep 3; reboot -f'
} >"$root/init"
chmod +x "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc) | lz4 -l -q >"$work/cd/initrd"

cp $kernels/boot/vmlinuz-* $work/cd/vmlinuz
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 $work/cd
# Bochs's BIOS and its system management mode do not get along with this kernel's use of ACPI and interrupt controllers.
# Bochs 2.7 gives the wrong size for what XSAVEC and XSAVES (features 321 and 323) store. Restarting ends in a triple fault,
# which ends the emulator.
cat >$work/cd/isolinux.cfg <<EOF
default linux
label linux
  kernel vmlinuz
  initrd initrd
  append console=ttyS0,115200 loglevel=1 acpi=off nolapic noapic lsm=capability mitigations=off nokaslr tsc=reliable random.trust_cpu=on panic=-1 reboot=t \
    noxsaves clearcpuid=321,323
EOF
genisoimage -quiet -o $work/disk.iso -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table $work/cd
bochs=${BOCHS:-bochs}
display=nogui
options=()
# A build with the debugger waits for a command at the start; that of Debian has no display "nogui".
if "$bochs" --help 2>&1 | grep -e '-rc filename' >/dev/null; then
  display=term
  echo continue >$work/debugger
  options=(-rc $work/debugger)
fi
cat >$work/bochsrc <<EOF
display_library: $display
cpu: model=corei7_skylake_x, count=1, ips=100000000, reset_on_triple_fault=0
memory: guest=2048, host=2048
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
boot: cdrom
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$work/disk.iso, status=inserted
com1: enabled=1, mode=file, dev=$work/serial
clock: sync=none
log: $work/log
panic: action=fatal
error: action=ignore
EOF
touch $work/serial
tail -f $work/serial --pid=$$ &
TERM=vt100 script -qec "$bochs -q -f $work/bochsrc ${options[*]}" /dev/null >$work/out 2>&1 </dev/null || true
sleep 1
if ! grep -q '^== status' $work/serial; then
  echo "emulate-avx512: no program ran; Bochs says:"
  grep 'PANIC' $work/log || tail -5 $work/out
fi
[ "$(grep -c '^== status 0' $work/serial)" -eq $number ]
