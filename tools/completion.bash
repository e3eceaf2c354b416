# tools/completion.bash - completion of tools/dimm for bash: `source tools/completion.bash`.
#
# Names of DIMMs come from the machine that runs, if one does.

_headroom_dimm() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=
	local i socket=()

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket) socket=(--socket "${COMP_WORDS[++i]}") ;;
		add | del | list | events | watch) command=${COMP_WORDS[i]} ;;
		esac
	done
	if [ "$before" = --socket ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
	fi
	case $command in
	'')
		mapfile -t COMPREPLY < <(compgen -W "add del list events watch --socket --help" -- "$word")
		;;
	add)
		if [ "$before" = add ]; then
			mapfile -t COMPREPLY < <(compgen -W "128M 256M 512M 1G 2G 4G" -- "$word")
		else
			mapfile -t COMPREPLY < <(compgen -W "--node --id --slot --addr" -- "$word")
		fi
		;;
	del)
		mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" "${socket[@]}" list 2>/dev/null |
			awk 'NR > 1 && $1 != "backend" { print $1 }')" -- "$word")
		;;
	esac
}
complete -F _headroom_dimm tools/dimm ./tools/dimm dimm
