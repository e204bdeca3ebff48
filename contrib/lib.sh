# Shared by the scripts of this folder, which source it (bash). Expects $top: the top of the source tree.

packages_build="build-essential autoconf automake pkg-config libfcgi-dev libmariadb-dev libjansson-dev libargon2-dev
libsodium-dev libzstd-dev libxxhash-dev"
packages_run="mariadb-server-core mariadb-client-core nginx curl python3"
packages_check="$packages_run libcmocka-dev openssl xz-utils mariadb-client wrk valgrind locales-all patch"
packages_check_full="$packages_check clang libclang-rt-14-dev"
packages_wasm="clang lld wasi-libc libclang-rt-14-dev-wasm32 dpkg-dev"
packages_web="$packages_wasm chromium"

say() { printf '%s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { warn "$@"; exit 1; }

# The packages among the given ones that aren't installed.
missing_packages() {
	local package
	for package in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
	done
}

# The packages of Node.js and npm, unless they come from elsewhere.
node_packages() {
	command -v node >/dev/null || printf 'nodejs '
	command -v npm >/dev/null || printf 'npm '
}

# Runs a command as root, through sudo if need be; fails where sudo would ask and nobody could answer.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -n true 2>/dev/null || { : </dev/tty; } 2>/dev/null || return 1
		sudo "$@"
	fi
}

# Installs Debian packages that are missing. On other systems it only says what is needed: configure checks the rest.
need_packages() {
	local missing
	if ! command -v dpkg-query >/dev/null; then
		warn "this is no Debian: make sure that you have what these packages hold:" "$@"
		return 0
	fi
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	say "Installing: $missing"
	# Word splitting is wanted: a list of names.
	# shellcheck disable=SC2086
	install_packages $missing || die "can't install packages; run as root:  apt-get install $missing"
}

install_packages() {
	local log
	log=$(mktemp)
	if ! { as_root apt-get -q update && as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q install -y --no-install-recommends "$@"; } </dev/null >"$log" 2>&1; then
		tail -n 15 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}

# Generates configure when it is missing or older than what it is made from.
bootstrap_tree() {
	[ -e "$top/configure" ] && [ -e "$top/Makefile.in" ] &&
		[ -z "$(find "$top/configure.ac" "$top/Makefile.am" -newer "$top/Makefile.in")" ] && return 0
	"$top/contrib/bootstrap"
}

# build_tree DIR [configure flags]: builds out of tree in DIR, configured again only if the flags changed.
build_tree() {
	local dir=$1
	shift
	[ ! -e "$top/config.status" ] || die "the source tree holds a build of its own: run  make -C '$top' distclean"
	bootstrap_tree && mkdir -p "$dir" || return 1
	if [ ! -e "$dir/Makefile" ] || [ "$(cat "$dir/.flags" 2>/dev/null)" != "$*" ]; then
		(cd "$dir" && "$top/configure" --quiet "$@") || return 1
		printf '%s' "$*" >"$dir/.flags"
	fi
	make -C "$dir" -s -j "$(nproc)"
}
