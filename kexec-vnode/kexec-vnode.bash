# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of "kexec --vnode..." for bash. The build appends the list of options, from
# `kexec --vnode-options`, and `make install` puts the result where bash-completion
# finds it: /usr/share/bash-completion/completions/kexec.

_kexec_vnode_options=

_kexec_vnode_names() {
	local dir

	for dir in /sys/class/vnode/*/; do
		[[ ! -e $dir/id ]] || basename "$dir"
	done
}

_kexec_reply() { # CUR WORD...
	mapfile -t COMPREPLY < <(compgen -W "${*:2}" -- "$1")
}

_kexec_reply_files() { # CUR
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
	compopt -o filenames 2> /dev/null
}

# What a value can be follows from what the overview calls it.
_kexec_reply_values() { # CUR ARGUMENT
	case $2 in
	ID)
		_kexec_reply "$1" "$(_kexec_vnode_names)"
		;;
	LIST)
		_kexec_reply "$1" "$(cat /sys/devices/system/cpu/online)"
		;;
	FILE | DIR)
		_kexec_reply_files "$1"
		;;
	'NAME|none')
		_kexec_reply "$1" none "$(cat /sys/class/net/*/vnic/network 2> /dev/null)"
		;;
	*'|'*)
		_kexec_reply "$1" "${2//|/ }"
		;;
	esac
}

_kexec_vnode() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} option words=()

	# bash takes "--name=value" apart at the "="
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]] && ((COMP_CWORD >= 2)); then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $prev == --* ]]; then
		prev=
	fi

	COMPREPLY=()
	while read -r option; do
		# "--restart=no|on-failure[:N]": nothing is known of what is in brackets
		option=${option//\[[^]]*\]/}
		if [[ $prev == "${option%%=*}" && $option == *=* ]]; then
			_kexec_reply_values "$cur" "${option#*=}"
			return
		fi
		[[ $option == *=* ]] && option=${option%%=*}=
		words+=("$option")
	done <<< "$_kexec_vnode_options"

	if [[ $cur == -* ]]; then
		_kexec_reply "$cur" "${words[@]}"
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2> /dev/null
	else
		_kexec_reply_files "$cur"
	fi
}

complete -F _kexec_vnode kexec
