# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of "kexec --vnode..." for bash. To be found by bash-completion it is
# installed as /usr/share/bash-completion/completions/kexec.

# The name of each vnode.
_kexec_vnode_names() {
	local dir

	for dir in /sys/class/vnode/*/; do
		[[ ! -e $dir/id ]] || basename "$dir"
	done
}

_kexec_files() { # CUR
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
	compopt -o filenames 2> /dev/null
}

_kexec_vnode() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=

	# bash takes "--name=value" apart at the "="
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]] && ((COMP_CWORD >= 2)); then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $prev == --* ]]; then
		prev=
	fi

	COMPREPLY=()
	case $prev in
	--vnode)
		mapfile -t COMPREPLY < <(compgen -W "$(_kexec_vnode_names)" -- "$cur")
		return
		;;
	--cpus)
		mapfile -t COMPREPLY < <(compgen -W "$(cat /sys/devices/system/cpu/online)" -- "$cur")
		return
		;;
	--net)
		mapfile -t COMPREPLY < <(compgen -W "none $(cat /sys/class/net/*/vnic/network 2> /dev/null)" -- "$cur")
		return
		;;
	--restart)
		mapfile -t COMPREPLY < <(compgen -W "no on-failure" -- "$cur")
		return
		;;
	--initrd | --ramdisk | --dump | --dump-on-failure)
		_kexec_files "$cur"
		return
		;;
	--mem | --mem-min | --mem-max | --name | --boot-cpu | --append | --command-line | --timeout | --wait | --boot-limit)
		return
		;;
	esac

	case $cur in
	-*)
		words="--vnode= --vnode-list --cpus= --mem= --mem-min= --mem-max= --name= --boot-cpu=
			--initrd= --append= --net= --no-unpack --unpack --timeout= --wait= --boot-limit= --restart= --force
			--json --dry-run --log --dump= --gdb --dump-on-failure= --console --read-only --load --exec --unload --status --help"
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2> /dev/null
		;;
	*)
		_kexec_files "$cur"
		;;
	esac
}

complete -F _kexec_vnode kexec
