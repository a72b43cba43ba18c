#!/bin/sh
# Usage: check-isa.sh libespalier.so
# Instructions that not every x86-64 has (everything VEX- or EVEX-encoded) may stand only in functions of the modules
# KernelsAVX2 and KernelsAVX512: the linker keeps one copy of code that modules share, and it must run on every machine.
set -eu
library=${1:?usage: check-isa.sh libespalier.so}
case $(uname -m) in x86_64 | amd64) ;; *) echo "check-isa: nothing to check on $(uname -m)"; exit 0 ;; esac

objdump --disassemble --no-show-raw-insn "$library" | awk '
  /^[0-9a-f]+ <.*>:$/ {
    name = $2
    gsub(/[<>:]/, "", name)
    allowed = name ~ /KernelsAVX(2|512)/
    next
  }
  # The mnemonics of AVX and later begin with v; of the older instructions only these do.
  $2 ~ /^v/ && $2 !~ /^(verr|verw|vmcall|vmfunc|vmlaunch|vmresume|vmxoff|vmload|vmsave|vmrun|vmmcall)$/ {
    if (allowed) inside++
    else if (!(name in seen)) { seen[name] = 1; print "check-isa: " $2 " in " name; outside++ }
  }
  END {
    if (outside) { print "check-isa: " outside " functions outside KernelsAVX2 and KernelsAVX512 use AVX"; exit 1 }
    if (!inside) { print "check-isa: no AVX instruction found at all; is this the library?"; exit 1 }
    print "check-isa: " inside " AVX instructions, all in KernelsAVX2 and KernelsAVX512"
  }'
