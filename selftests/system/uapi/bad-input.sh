#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: -c 4 -m 2G -t 700
# long: some hundred refusals; unit/options-test has most of them
#
# Bad input: every one is refused in one line that names the object, with the
# documented exit status, and leaves root as it was.

# shellcheck source=selftests/system/lib/refuse.sh
. /selftests/lib/refuse.sh

kernel=/boot/vmlinuz
initrd=/boot/initrd-vnode.img
modules=/lib/modules/$(uname -r)

names() { # OPTION ARG...: one of ARGs is that option, with whatever value
	local name="${1%%=*}" arg

	shift
	for arg; do
		case $arg in
		"$name" | "$name"=*) return 0 ;;
		esac
	done
	return 1
}

# A start of vnode 9 that works but for OPTIONs, which replace its own of the same name.
bad_start() { # STATUS PATTERN OPTION...
	local status="$1" pattern="$2" option

	shift 2
	for option in --vnode=9 --cpus=3 --mem=256M --initrd=$initrd; do
		names "$option" "$@" || set -- "$option" "$@"
	done
	refuse "$status" "$pattern" "$@" $kernel
}

bad_image() { # PATTERN FILE [OPTION...]
	local pattern="$1" file="$2"

	shift 2
	refuse 1 "kernel $file: .*($pattern)" --vnode=9 --cpus=3 --mem=256M "$@" "$file"
}

long() { # COUNT: so many characters
	head -c "$1" /dev/zero | tr '\0' x
}

echo 1..45
total=$(mem_kb MemTotal)
available=$(available_kb)

# ---- a vnode that runs, for conflicts with it ----

accept --vnode=1 --cpus=2 --mem=256M --name=first --initrd=$initrd --wait=0 $kernel
wait_up 1
kexec --vnode=1 -S | grep '^low:' > "$tmp/low"
item "precondition: vnode 1 runs"

# ---- CPUs ----

bad_start 1 "CPU 4: there is none" --cpus=4
bad_start 1 "CPU 8191: there is none" --cpus=8191
bad_start 1 "CPU 77: there is none" --cpus=3,77
bad_start 2 "8192.* 8191" --cpus=8192
bad_start 2 "99999999999999999999.* 8191" --cpus=99999999999999999999
item "an unknown CPU"

echo 0 > /sys/devices/system/cpu/cpu1/online
bad_start 1 "CPU 1: it is offline" --cpus=1
bad_start 1 "CPU 1: .*offline" --cpus=3,1
item "an offline CPU"

# CPU 0 is all that would remain: 1 is offline still, 2 is lent
bad_start 1 "CPU 0: root cannot give it up" --cpus=3,0
bad_start 1 "CPU 0: root cannot give it up" --cpus=0
echo 1 > /sys/devices/system/cpu/cpu1/online
item "the last CPU that root has"

bad_start 1 "CPU 0: root cannot give it up" --cpus=0
bad_start 1 "CPU 0: root cannot give it up" --cpus=1,0
bad_start 5 "CPU 2 is lent to vnode 1, first: " --cpus=0-3 --boot-cpu=2
item "CPU 0"

bad_start 5 "CPU 2 is lent to vnode 1, first: " --cpus=2
bad_start 5 "CPU 2 is lent to vnode 1, first: " --cpus=1,2,3
item "a CPU that is lent already"

bad_start 2 "CPU 3 is there twice" --cpus=3,3
bad_start 2 "CPU 2 is there twice" --cpus=1-3,2
item "a CPU twice in --cpus"

bad_start 2 "boot-cpu=1 is not one of --cpus" --boot-cpu=1
bad_start 2 'boot-cpu: CPU "abc"' --boot-cpu=abc
bad_start 2 'boot-cpu: CPU "-1"' --boot-cpu=-1
bad_start 2 'boot-cpu: CPU "3.5"' --boot-cpu=3.5
bad_start 2 'boot-cpu: CPU "99999999999999999999"' --boot-cpu=99999999999999999999
item "--boot-cpu outside of --cpus"

for list in '' ',' '3,' ',3' 3-1 3-1-2 -3 3- a 3a '3 ' ' 3' 0x3 3:2 1-3:0 +3 '3;1'; do
	bad_start 2 'cpus: ".*" (is|has)' --cpus="$list"
done
item "a list of CPUs that is none"

# ---- memory ----

bad_start 1 "mem: 48 MiB are too few" --mem=48M
bad_start 1 "mem: 16 MiB are too few" --mem=16M
bad_start 2 "mem: at least 16 MiB" --mem=1
bad_start 2 "mem: at least 16 MiB" --mem=15M
item "memory too small for the image"

bad_start 1 "root has no 65536 MiB" --mem=64G
bad_start 1 "root has no 2048 MiB" --mem=2G
bad_start 1 "root has no 1048576 MiB" --mem=1T
bad_start 1 "root has no [0-9]* MiB" --mem=0xffffffffffc00000
bad_start 2 "no machine has that much" --mem=0xffffffffffffffff
bad_start 1 "root has no 256 MiB.* 0x1000000000" --mem-min=64G
bad_start 1 "root has no 256 MiB.* 0xffffff" --mem-max=0xffffff
bad_start 1 "root has no 256 MiB.* 0xffffffffffffffff" --mem-min=0xffffffffffffffff
bad_start 1 "root has no 256 MiB.* 0xfffffffffffffffe" --mem-min=0xfffffffffffffffe --mem-max=0xffffffffffffffff
bad_start 2 "mem-max is below --mem-min" --mem-min=1G --mem-max=512M
bad_start 2 'mem-min: address "1GB" is not understood' --mem-min=1GB
bad_start 2 'mem-max: address "" is not understood' --mem-max=
item "memory that root cannot give"

for size in '' x M 256MB 256MiB 1.5G 12a ' 256M' '256M ' -256M +256M 0xG 1e9 256,000 0x; do
	bad_start 2 'mem: size ".*" is not understood' --mem="$size"
done
for size in 0 0M 0x0; do
	bad_start 2 "size \"$size\" is zero" --mem=$size
done
for size in 18446744073709551616 18446744073709551615G 16777216T 0x1ffffffffffffffff \
	99999999999999999999999999999999; do
	bad_start 2 "size \"$size\" is too large" --mem=$size
done
item "a size that is not a number, zero, negative or overflows"

# ---- ids and names ----

bad_start 5 "vnode 1 exists already" --vnode=1
bad_start 5 "name first is in use by vnode 1" --name=first
for id in 0 256 99999999999999999999 -1 abc 1a 0x1 '' ' 1' first; do
	bad_start 2 "vnode=$id: .* 1 to 255" --vnode="$id"
done
item "an id that is in use, or is none"

for name in '' 1st 'a b' a/b ../x .x . 'a
b' a:b "$(long 32)" "$(long 4000)"; do
	bad_start 2 "name.*expected" --name="$name"
done
item "a name that is none"

for verb in -S -u -e --log --console --dump=/tmp/core --gdb; do
	refuse 4 "no vnode 7" --vnode=7 $verb
	refuse 4 "no vnode nobody" --vnode=nobody $verb
	refuse 2 '"0" is out of range' --vnode=0 $verb
	refuse 2 '"256" is out of range' --vnode=256 $verb
	refuse 2 '"1x" is not a number' --vnode=1x $verb
done
refuse 4 "no vnode nobody" --vnode=nobody -u --force
refuse 4 "no vnode 255" --vnode=255 -S --json
item "-S, -u, -e, --log, --console, --dump and --gdb of a vnode that does not exist"

refuse 1 "vnode 1: .*runs" --vnode=1 -e
refuse 1 "vnode 1: .*runs" --vnode=first -e
item "-e of a vnode that runs"

# ---- images ----

bad_image "No such file" /tmp/none
bad_image "No such file" /tmp/none/vmlinuz
bad_image "not a regular file" /tmp
bad_image "not a regular file" /dev/null
bad_image "not a regular file" /dev/vnode
mkfifo "$tmp/fifo"
bad_image "not a regular file" "$tmp/fifo"
ln -s loop "$tmp/loop"
bad_image "symbolic links" "$tmp/loop"
item "an image that is missing, or is no file"

: > "$tmp/image"
bad_image "empty" "$tmp/image"
item "an empty image"

size=$(stat -L -c %s $kernel)
cp $kernel "$tmp/image"
for length in $((size - 1)) $((size - 1471)) $((size - 1472)) $((size - 1473)) $((size - 4096)) \
	$((size * 3 / 4)) $((size / 2)) 1048576 65536 32768 16384 16383 4096 2048 1024 1023 \
	769 625 624 600 530 518 517 513; do
	truncate -s "$length" "$tmp/image"
	bad_image "cut off" "$tmp/image"
	[ "$length" -gt 65536 ] || bad_image "cut off" "$tmp/image" --no-unpack
done
for length in 512 511 256 64 16 4 2 1; do
	truncate -s "$length" "$tmp/image"
	bad_image "not a kernel image.*cut off" "$tmp/image"
done
item "an image cut off, wherever"

for length in 100 4096 1000000; do
	head -c "$length" /dev/urandom > "$tmp/image"
	bad_image "not a kernel image" "$tmp/image"
done
# random but for the magic of each format
head -c 1000000 /dev/urandom > "$tmp/random"
cp "$tmp/random" "$tmp/image"
put "$tmp/image" 514 HdrS
bad_image "damaged bzImage" "$tmp/image"
put "$tmp/image" 510 '\125\252'
bad_image "bzImage|boot protocol|zImage|32-bit kernel|relocatable" "$tmp/image"
cp "$tmp/random" "$tmp/image"
put "$tmp/image" 0 '\177ELF'
bad_image "ELF" "$tmp/image"
for magic in '\037\213\010' '\050\265\057\375' '\3757zXZ\0'; do
	cp "$tmp/random" "$tmp/image"
	put "$tmp/image" 0 "$magic"
	bad_image "damaged or truncated (gzip|zstd|xz) data" "$tmp/image"
done
cp $initrd "$tmp/image"
bad_image "not a kernel image|cpio|initrd" "$tmp/image"
item "an image of random bytes"

elf() { # CLASS MACHINE: the head of an ELF file, no program headers
	# shellcheck disable=SC2059
	printf "\177ELF\\$1\1\1\0\0\0\0\0\0\0\0\0\2\0\\$2\0\1\0\0\0\0\0\0\1\0\0\0\0"
	# shellcheck disable=SC2059
	printf '\100\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\100\0\070\0\1\0\0\0\0\0\0\0'
	head -c 4096 /dev/zero
}
elf 2 267 > "$tmp/image"
bad_image "x86-64" "$tmp/image"
elf 1 3 > "$tmp/image"
bad_image "x86-64" "$tmp/image"
elf 2 363 > "$tmp/image"
bad_image "x86-64" "$tmp/image"
head -c 65536 /dev/zero > "$tmp/image"
put "$tmp/image" 0 'MZ'
put "$tmp/image" 56 'ARM\144'
bad_image "arm64" "$tmp/image"
head -c 65536 $kernel > "$tmp/image"
put "$tmp/image" 566 '\0\0'
bad_image "32-bit kernel" "$tmp/image"
item "an image of another architecture"

cp $kernel "$tmp/image"
put "$tmp/image" 564 '\0'
bad_image "not relocatable" "$tmp/image"
bad_image "not relocatable" "$tmp/image" --no-unpack
item "an image that is not relocatable"

cp $kernel "$tmp/image"
put "$tmp/image" 518 '\5\2'
bad_image "boot protocol 2.05 is too old" "$tmp/image"
cp $kernel "$tmp/image"
# zeros in the middle of the payload
dd if=/dev/zero of="$tmp/image" bs=4096 seek=1000 count=4 conv=notrunc 2> /dev/null
bad_image "damaged bzImage" "$tmp/image"
rm "$tmp/image"
item "an image that is damaged or too old"

# ---- initrd and command line ----

bad_start 1 "initrd /tmp/none: No such file" --initrd=/tmp/none
bad_start 1 "initrd /tmp: not a regular file" --initrd=/tmp
bad_start 1 "initrd : " --initrd=
: > "$tmp/initrd"
bad_start 1 "initrd $tmp/initrd: .*empty" --initrd="$tmp/initrd"
item "an initrd that is missing or empty"

truncate -s 250M "$tmp/initrd"
bad_start 1 "mem: 256 MiB are too few" --initrd="$tmp/initrd"
truncate -s 1024G "$tmp/initrd"
bad_start 1 "$tmp/initrd: .*1099511627776 bytes|too few" --initrd="$tmp/initrd"
rm "$tmp/initrd"
item "an initrd that is too large"

bad_start 2 "append: 1792 characters are too many" --append="$(long 1792)"
bad_start 2 "append: 100000 characters are too many" --append="$(long 100000)"
item "a command line that is too long"

# ---- networks ----

mac=02:00:00:00:00:01
for net in '' ,mtu=1500 'a b' a/b 'a;b' "$(long 16)" "$(long 4000)" . ..; do
	bad_start 2 "net=.*: (the network's name|that is not a name)" --net="$net"
done
for net in "lab," "lab,," lab,x lab,mtu lab,MTU=1500 'lab, mtu=1500' lab,none; do
	bad_start 2 'net=.*: ".*" is not understood: expected mac=' --net="$net"
done
for net in lab,mtu=68,mtu=68 lab,queues=1,queues=1 lab,mac=$mac,queues=1,mac=$mac; do
	bad_start 2 "net=.*: [a-z]*= is there twice" --net="$net"
done
for value in '' x 1 02:00:00:00:00 $mac:01 02-00-00-00-00-01 02:00:00:00:00:0g; do
	bad_start 2 "mac \"$value\" is not understood" --net=lab,mac="$value"
done
bad_start 2 "mac 01:00:5e:00:00:01 is of a group" --net=lab,mac=01:00:5e:00:00:01
bad_start 2 "mac ff:ff:ff:ff:ff:ff is of a group" --net=lab,mac=ff:ff:ff:ff:ff:ff
bad_start 2 "mac is zero" --net=lab,mac=00:00:00:00:00:00
for value in '' 0 9 -1 +1 1x 1.5 99999999999999999999; do
	bad_start 2 '"queues=.*" is out of range: expected a number from 1 to 8' --net=lab,queues="$value"
done
for value in '' 67 65522 -1 1500x 4294968796; do
	bad_start 2 '"mtu=.*" is out of range: expected a number from 68 to 65521' --net=lab,mtu="$value"
done
bad_start 2 "net=lab is there twice" --net=lab --net=lan --net=lab,mtu=1500
bad_start 2 "net=i is one too many" --net=a --net=b --net=c --net=d --net=e --net=f --net=g --net=h --net=i
bad_start 2 "net=none is there twice" --net=none --net=none
bad_start 2 "net=none is no network at all" --net=none --net=lab
bad_start 2 "net=none is no network at all" --net=lab --net=none
bad_start 2 "none is no network, and takes nothing" --net=none,mtu=1500
item "a network that is malformed, or there twice"

# What is behind the words that a vnode needs.
plan() { # OPTION...
	kexec --vnode=9 --cpus=3 --mem=256M --dry-run "$@" $kernel | sed -n 's/^cmdline: .* panic=0 *//p'
}
bad_start 2 "net=vnet0: root has no network, the module vnic is not loaded" --net=vnet0
bad_start 2 "net=vnet0: root has no network, the module vnic is not loaded" --net=vnet0 --dry-run
bad_start 2 "net=lab: mac $mac is that of --net=vnet0" --net=vnet0,mac=$mac --net=lab,mac=$mac
bad_start 2 "net and vnic.net= in --append" --net=lab --append="quiet vnic.net=lab"
bad_start 2 "net and vnic.net= in --append" --net=none --append=vnic.net=none
bad_start 2 "append: 1778 characters are too many, at most 1777" --net=none --append="$(long 1778)"
[ "$(plan --append="$(long 1777)" --net=none)" = "$(long 1777) vnic.net=none" ] ||
	note "1777 characters and a network"
[ "$(plan --net=none --append='quiet -- single')" = "quiet vnic.net=none -- single" ] ||
	note "--net=none: $(plan --net=none --append='quiet -- single')"
[ "$(plan --append=vnic.net=lab)" = vnic.net=lab ] || note "vnic.net=: $(plan --append=vnic.net=lab)"
[ "$(plan --append=quiet)" = quiet ] || note "no --net: $(plan --append=quiet)"
item "a network without its module"

# ---- the module ----

RUN="bad-run abi"
bad_start 1 "module vnode speaks version [0-9]*, this kexec"
refuse 1 "module vnode speaks version" --vnode-list
refuse 1 "module vnode speaks version" --vnode=1 -u
RUN=
item "a module of another version"

# ---- permissions ----

RUN="bad-run user"
bad_start 1 "be root"
for verb in -u -e --log; do
	refuse 1 "be root" --vnode=1 $verb
done
RUN="bad-run nocap"
bad_start 1 "CAP_SYS_BOOT is missing"
for verb in -u -e --log; do
	refuse 1 "CAP_SYS_BOOT is missing" --vnode=1 $verb
done
RUN=
bad-run user kexec --vnode-list > "$tmp/out" 2>&1
grep -q ' first ' "$tmp/out" || note "anybody may use --vnode-list: $(cat "$tmp/out")"
bad-run user kexec --vnode=1 -S > "$tmp/out" 2>&1 || note "anybody may use -S: $(cat "$tmp/out")"
item "somebody who is not root, or may not boot"

# ---- options ----

refuse 2 "vnode=ID is missing" --cpus=3 --mem=256M $kernel
for option in --mem=256M --name=x --boot-cpu=3 --no-unpack --timeout=1 --wait=1 --boot-limit=1 \
	--net=none --restart=no --json --dry-run --log --console --read-only; do
	refuse 2 "vnode=ID is missing" $option
done
item "options of a vnode without --vnode"

bad_start 2 "nonsense: not an option" --nonsense
bad_start 2 "nonsense=1: not an option" --nonsense=1
bad_start 2 "-x: not an option" -x
bad_start 2 "-lx: not an option" -lx
bad_start 2 "dry-run=1: not an option" --dry-run=1
refuse 2 "console=hvc0: not an option" --vnode=1 --console=hvc0
refuse 2 "p: not an option" --vnode=1 -p
item "unknown options"

bad_start 2 "devices: not supported yet" --devices=00:01.0
refuse 2 "vnode-config: not supported yet" --vnode-config=/tmp/none
item "options that are not supported yet say so"

for option in --vnode --cpus --mem --mem-min --mem-max --name --boot-cpu --initrd --append --timeout \
	--wait --boot-limit --restart --net --devices; do
	refuse 2 "$option needs a value" --vnode=9 $option
done
refuse 2 "cpus=LIST is missing" --vnode=9 --mem=256M $kernel
refuse 2 "mem=SIZE is missing" --vnode=9 --cpus=3 $kernel
refuse 2 "no KERNEL given" --vnode=9 --cpus=3 --mem=256M
for seconds in '' x -1 nan inf 1e9 5s; do
	for option in timeout wait boot-limit; do
		bad_start 2 "$option: time \"$seconds\" is not understood: expected seconds" --$option="$seconds"
	done
	refuse 2 "wait: time \"$seconds\" is not understood" --vnode=1 -e --wait="$seconds"
	refuse 2 "timeout: time \"$seconds\" is not understood" --vnode=1 -u --timeout="$seconds"
done
item "values that are missing or no numbers"

for restart in '' foo No no:1 on on-fail on-failure: on-failure:0 on-failure:00 on-failure:-1 \
	on-failure:x on-failure:1.5 'on-failure: 1' on-failure:1,2 on-failures on-failure:1000001 \
	on-failure:4294967297 on-failure:99999999999999999999 always; do
	bad_start 2 'restart ".*" is not understood: expected no, on-failure' --restart="$restart"
done
item "a restart that is none"

bad_start 2 'viewers: "" is not understood' --viewers=
bad_start 2 "viewers: vnode id 256 is out of range" --viewers=256
bad_start 2 "viewers: vnode 2 is there twice" --viewers=2,1-3
bad_start 2 "viewers: vnode 9 cannot be a viewer of itself" --viewers=8-10
item "viewers that there cannot be"

for option in --restart=no --restart=on-failure:2 --boot-limit=0 --boot-limit=60 --net=none --net=lab; do
	for verb in -S -u -e --log; do
		refuse 2 "goes with a start and -l only" --vnode=1 $verb $option
	done
	refuse 2 "goes with a start and -l only" --vnode-list $option
done
for verb in -S -u --log; do
	refuse 2 "wait goes with a start and -e" --vnode=1 $verb --wait=1
done
refuse 2 "wait goes with a start and -e" --vnode-list --wait=0
bad_start 2 "wait goes with a start and -e" -l --wait=1
refuse 4 "no vnode 7" --vnode=7 -e --wait=1
item "--wait, --restart, --boot-limit and --net where they do not belong"

refuse 2 "/tmp/second: one KERNEL is enough" --vnode=9 --cpus=3 --mem=256M $kernel /tmp/second
refuse 2 "/tmp/second: one KERNEL is enough" --vnode=9 --cpus=3 $kernel --mem=256M /tmp/second
refuse 2 "/tmp/second: one KERNEL is enough" --vnode=9 --cpus=3 --mem=256M $kernel -- /tmp/second
refuse 2 "-e and -u: give one of them" --vnode=1 -e -u
refuse 2 "-S and --log: give one of them" --vnode=1 -S --log
refuse 2 "--log and --console: give one of them" --vnode=1 --log --console
refuse 2 "--dump and --console: give one of them" --vnode=1 --dump=/tmp/core --console
refuse 2 "want the name of a file" --vnode=1 --dump=
refuse 2 "--gdb and --console: give one of them" --vnode=1 --gdb --console
for port in 1234 0 http ''; do
	refuse 2 'there is no port; in gdb, write: target remote | kexec --vnode=ID --gdb' --vnode=1 --gdb="$port"
done
refuse 2 "goes with a start and -l only" --vnode=1 --gdb 1234
refuse 2 "read-only goes with --console only" --vnode=1 --gdb --read-only
refuse 2 "--console and -u: give one of them" --vnode=1 --console -u --force
refuse 2 "vnode-list and --console: give one of them" --vnode-list --console
refuse 2 "-l and -e: give one of them" --vnode=1 -l -e
refuse 2 "vnode-list and -S: give one of them" --vnode-list -S
refuse 2 "vnode-list takes no --vnode" --vnode-list --vnode=1
for option in --cpus=3 --mem=256M --initrd=$initrd --append=x --name=x --boot-cpu=3 --dry-run $kernel; do
	refuse 2 "goes with a start and -l only" --vnode=1 -S "$option"
	refuse 2 "goes with a start and -l only" --vnode=1 -u "$option"
	refuse 2 "goes with a start and -l only" --vnode=1 --console "$option"
done
refuse 2 "goes with a start and -l only" --vnode-list $kernel
item "two kernels, verbs combined"

# every option: unit/options-test
for option in --vnode=9 --cpus=3 --append=x --dry-run -l; do
	bad_start 2 "${option%%=*}.* is there twice: give it once" "$option" "$option"
done
bad_start 2 "initrd or --ramdisk is there twice" --initrd=$initrd --ramdisk=$initrd
bad_start 2 "append or --command-line is there twice" --command-line=x --append=y
bad_start 2 "unpack and --no-unpack: give one of them" --unpack --no-unpack
item "an option twice"

for line in "--vnode=9 -l $kernel --cpus=3 --mem=256M --append=x --dry-run" \
	"-l --vnode=9 --cpus=3 --mem=256M --append=x --dry-run $kernel" \
	"$kernel --vnode=9 --cpus 3 --mem 256M --append x --dry-run -l" \
	"--dry-run --append=x $kernel -l --mem=256M --cpus=3 --vnode=9" \
	"--dry-run --append x -l --mem=256M --cpus=3 --vnode=9 -- $kernel"; do
	# shellcheck disable=SC2086 # words
	kexec $line > "$tmp/out" 2>&1 || note "kexec $line: $(cat "$tmp/out")"
	grep -q '^cmdline: .* x$' "$tmp/out" || note "kexec $line: no plan"
done
item "options before and after KERNEL"

refuse 2 "force goes with -u and --console only" --vnode=1 --log --force
refuse 2 "json goes with -S" --vnode=1 --console --json
refuse 2 "wait goes with a start" --vnode=1 --console --wait=1
for verb in -S -u -e --log; do
	refuse 2 "read-only goes with --console only" --vnode=1 $verb --read-only
done
bad_start 2 "read-only goes with --console only" --read-only
refuse 2 "read-only takes nothing over" --vnode=1 --console --read-only --force
item "options of a console where they do not belong"

: > /dev/vconsole
refuse 1 "/dev/vconsole: not the device" --vnode=1 --console
rm -f /dev/vconsole
refuse 1 "/dev/vconsole: the module is not loaded .*vconsole" --vnode=1 --console
insmod "$modules/vconsole.ko"
refuse 1 "first: has no console, .* not loaded the module vconsole" --vnode=1 --console
RUN="bad-run user"
refuse 1 "/dev/vconsole: Permission denied" --vnode=1 --console
RUN=
rmmod vconsole
item "a console without its module"

# ---- no module ----

wait_up 1
accept --vnode=1 -u --force
item "vnode 1 was not harmed, and is stopped"

rmmod vnode
bad_start 1 "module is not loaded"
refuse 1 "module is not loaded" --vnode-list
refuse 1 "module is not loaded" --vnode=1 -u
# something else by that name
: > /dev/vnode
refuse 1 "/dev/vnode: not the device" --vnode-list
rm -f /dev/vnode
insmod "$modules/vnode.ko"
item "the module is not loaded"

# ---- and it still works ----

accept --vnode=9 --cpus=3 --mem=256M --initrd=$initrd --restart=no --wait=90 $kernel
wait_up 9
kexec --vnode=9 -S | grep '^low:' | cmp -s - "$tmp/low" || note "memory below 640 KiB was lost"
accept --vnode=9 -u --force
all_memory_is_back "$total" "$available"
item "then a start works as before, and all is back"
